/** A number against the one of the day before. */
export type Trend =
  | { kind: 'same' }
  | { kind: 'first' }
  | { kind: 'up' | 'down'; share: number }
  | { kind: 'times'; times: number };

/** Less than this is noise: traffic is never exactly that of yesterday. */
const NOISE = 0.01;
/** From here on "3.4 times" is easier to grasp than "240 % more". */
const TIMES_FROM = 2;

export function trendOf(now: number, before: number): Trend {
  if (now === before) return { kind: 'same' };
  if (before === 0) return { kind: 'first' };
  if (now >= before * TIMES_FROM) return { kind: 'times', times: now / before };
  const share = (now - before) / before;
  if (Math.abs(share) < NOISE) return { kind: 'same' };
  return { kind: share > 0 ? 'up' : 'down', share: Math.abs(share) };
}

const DAY_MS = 86_400_000;

/** Whether what is stored reaches back far enough for "the day before" to mean anything. */
export function reachesBack(first: string | undefined, at: string): boolean {
  if (!first) return false;
  return Date.parse(at) - Date.parse(first) >= 2 * DAY_MS;
}
