import type { Bucket } from '@/api/types';

const HOUR_MS = 3_600_000;
/** The last 24 hours touch 25 hours of the clock. */
const SLOTS = 25;

/** A bar for every hour, also for those without any event: time is even on the axis. */
export function hoursOf(buckets: Bucket[], at: string): Bucket[] {
  const known = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const last = Math.floor(Date.parse(at) / HOUR_MS) * HOUR_MS;
  if (Number.isNaN(last)) return [];
  return Array.from({ length: SLOTS }, (_, index) => {
    const start = last - (SLOTS - 1 - index) * HOUR_MS;
    return (
      known.get(start) ?? {
        start: new Date(start).toISOString(),
        total: 0,
        counts: [0, 0, 0, 0, 0, 0, 0],
      }
    );
  });
}

/** The next of 1, 2, 5, 10, 20 … that is not smaller: the top of an axis people can read. */
export function niceTop(max: number): number {
  if (max <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 5, 10].find((factor) => factor * unit >= max) ?? 10;
  return step * unit;
}

export interface Segment {
  /** Index into the severity scale. */
  severity: number;
  from: number;
  to: number;
}

/** From the bottom up: no level, debug, info … emergency, so that the worst stands on top. */
const ORDER = [6, 0, 1, 2, 3, 4, 5];

export function stackOf(counts: number[]): Segment[] {
  const segments: Segment[] = [];
  let sum = 0;
  for (const severity of ORDER) {
    const count = counts[severity] ?? 0;
    if (count === 0) continue;
    segments.push({ severity, from: sum, to: sum + count });
    sum += count;
  }
  return segments;
}
