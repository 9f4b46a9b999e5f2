import { describe, expect, it } from 'vitest';
import { reachesBack, trendOf } from './trend';

describe('trendOf', () => {
  it('is calm about noise', () => {
    expect(trendOf(0, 0)).toEqual({ kind: 'same' });
    expect(trendOf(1005, 1000)).toEqual({ kind: 'same' });
  });
  it('names what is new, more and less', () => {
    expect(trendOf(5, 0)).toEqual({ kind: 'first' });
    expect(trendOf(120, 100)).toEqual({ kind: 'up', share: 0.2 });
    expect(trendOf(80, 100)).toEqual({ kind: 'down', share: 0.2 });
    expect(trendOf(0, 7)).toEqual({ kind: 'down', share: 1 });
  });
  it('counts in times from twice as many', () => {
    expect(trendOf(200, 100)).toEqual({ kind: 'times', times: 2 });
    expect(trendOf(340, 100)).toEqual({ kind: 'times', times: 3.4 });
  });
});

describe('reachesBack', () => {
  it('needs two whole days', () => {
    expect(reachesBack('2026-11-19T12:00:00Z', '2026-11-21T12:00:00Z')).toBe(true);
    expect(reachesBack('2026-11-20T12:00:00Z', '2026-11-21T12:00:00Z')).toBe(false);
    expect(reachesBack(undefined, '2026-11-21T12:00:00Z')).toBe(false);
  });
});
