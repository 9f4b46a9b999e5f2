import type { Bucket } from '@/api/types';
import type { Span } from './range';
import { SEVERITIES } from './severity';

/** From the bottom of a bar to its top: what matters most stands on the line and does not float. */
export const STACK = [5, 4, 3, 2, 1, 0, 6] as const;

/** Severities from warning on are never drawn thinner than this share of the chart's height. */
const SLIVER = 0.02;
const LOUD = new Set([2, 3, 4, 5]);

export interface Stacked {
  /** Seconds since 1970: the beginnings of the bars. */
  x: number[];
  /** One list for each layer of STACK: where its top is. */
  tops: number[][];
  highest: number;
}

/** Bars as layers that stand on each other; empty bars are put back, so that a gap looks like one. */
export function stack(buckets: Bucket[], intervalMs: number, span: Span): Stacked {
  const known = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const first = Math.min(...known.keys(), Math.floor(span.from / intervalMs) * intervalMs);
  const x: number[] = [];
  const tops: number[][] = STACK.map(() => []);
  const highest = Math.max(1, ...buckets.map((bucket) => bucket.total));
  for (let at = first; at < span.to && x.length < 5000; at += intervalMs) {
    const counts = known.get(at)?.counts;
    let top = 0;
    x.push(at / 1000);
    STACK.forEach((severity, layer) => {
      const count = counts?.[severity] ?? 0;
      const seen = count > 0 && LOUD.has(severity) ? Math.max(count, highest * SLIVER) : count;
      top += seen;
      tops[layer]?.push(top);
    });
  }
  return { x, tops, highest };
}

/** The counts of a bar in words of the scale, the worst first; those that are zero are left out. */
export function countsOf(bucket: Bucket | undefined) {
  return STACK.flatMap((severity) => {
    const count = bucket?.counts[severity] ?? 0;
    const level = SEVERITIES[severity];
    return count > 0 && level ? [{ level, count }] : [];
  });
}
