import { describe, expect, it } from 'vitest';
import type { Bucket } from '@/api/types';
import { severityOf, severityOfEvent } from './severity';
import { countsOf, stack } from './stack';

const bucket = (minute: number, counts: number[]): Bucket => ({
  start: new Date(minute * 60_000).toISOString(),
  total: counts.reduce((sum, count) => sum + count, 0),
  counts,
});

describe('stack', () => {
  it('puts layers on each other and gaps back', () => {
    const buckets = [bucket(0, [1, 2, 0, 4, 0, 0, 3]), bucket(2, [0, 5, 0, 0, 0, 0, 0])];
    const { x, tops, highest } = stack(buckets, 60_000, { from: 0, to: 180_000 });
    expect(x).toEqual([0, 60, 120]);
    expect(highest).toBe(10);
    expect(tops.map((top) => top[0])).toEqual([0, 0, 4, 4, 6, 7, 10]);
    expect(tops.map((top) => top[1])).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('begins with the bar the span begins in', () => {
    const { x } = stack([bucket(1, [1, 0, 0, 0, 0, 0, 0])], 60_000, { from: 70_000, to: 180_000 });
    expect(x).toEqual([60, 120]);
  });

  it('draws one error among thousands', () => {
    const { tops } = stack([bucket(0, [0, 9999, 0, 1, 0, 0, 0])], 60_000, { from: 0, to: 60_000 });
    expect(tops[2]?.[0]).toBeCloseTo(150);
  });

  it('names the worst first', () => {
    expect(countsOf(bucket(0, [1, 0, 0, 2, 0, 0, 0]))).toEqual([
      { level: 'error', count: 2 },
      { level: 'debug', count: 1 },
    ]);
    expect(countsOf(undefined)).toEqual([]);
  });
});

describe('severity', () => {
  it('is read as the server reads it', () => {
    expect(severityOf('WARN')).toBe('warning');
    expect(severityOf('alert')).toBe('emergency');
    expect(severityOf(7)).toBe('none');
    expect(severityOfEvent({ event: { severity: 65 }, log: { level: 'debug' } })).toBe('error');
    expect(severityOfEvent({ event: { severity: 5 } })).toBe('debug');
    expect(severityOfEvent({ log: { level: 'crit' } })).toBe('critical');
  });
});
