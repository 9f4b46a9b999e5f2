import { describe, expect, it } from 'vitest';
import { hoursOf, niceTop, stackOf } from './volume';

describe('hoursOf', () => {
  it('fills the hours without events', () => {
    const bucket = {
      start: '2026-11-21T10:00:00.000000000Z',
      total: 7,
      counts: [0, 7, 0, 0, 0, 0, 0],
    };
    const hours = hoursOf([bucket], '2026-11-21T12:11:00Z');
    expect(hours).toHaveLength(25);
    expect(hours[0]?.start).toBe('2026-11-20T12:00:00.000Z');
    expect(hours.at(-1)?.start).toBe('2026-11-21T12:00:00.000Z');
    expect(hours.at(-3)).toBe(bucket);
    expect(hours.at(-2)?.total).toBe(0);
  });
});

describe('niceTop', () => {
  it('is a round number above', () => {
    expect([0, 1, 3, 7, 10, 11, 4800, 99_999].map(niceTop)).toEqual([
      1, 1, 5, 10, 10, 20, 5000, 100_000,
    ]);
  });
});

describe('stackOf', () => {
  it('puts the worst on top and leaves out what is not there', () => {
    expect(stackOf([0, 5, 0, 2, 0, 0, 1])).toEqual([
      { severity: 6, from: 0, to: 1 },
      { severity: 1, from: 1, to: 6 },
      { severity: 3, from: 6, to: 8 },
    ]);
  });
});
