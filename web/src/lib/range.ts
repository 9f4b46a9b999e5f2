/**
 * Time ranges as they stand in the address: `-15m`, `now-1d`, `now`, or RFC 3339. The same words the
 * server and the command line take, so that an address can be retyped as `--from` and `--to`.
 */
export interface Range {
  from: string;
  to: string;
}

/** A range on the clock, in milliseconds since 1970. `to` does not belong to it. */
export interface Span {
  from: number;
  to: number;
}

const UNIT_MS: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

export const DEFAULT_RANGE: Range = { from: '-1h', to: 'now' };

export const QUICK_RANGES = [
  '-5m',
  '-15m',
  '-1h',
  '-4h',
  '-12h',
  '-24h',
  '-2d',
  '-7d',
  '-30d',
  '-90d',
] as const;

/** Milliseconds back of `-1h30m`, `now-1d` or `now`; undefined for anything else. */
export function backOf(text: string): number | undefined {
  const match = /^(?:now)?(?:-((?:\d+[smhdw])+))?$/.exec(text);
  if (!match || text === '') return undefined;
  let back = 0;
  for (const [, amount, unit] of (match[1] ?? '').matchAll(/(\d+)([smhdw])/g)) {
    back += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return back;
}

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** The moment an end of a range means, in milliseconds; undefined when it cannot be read. */
export function momentOf(text: string, now: number): number | undefined {
  const back = backOf(text);
  if (back !== undefined) return now - back;
  if (!INSTANT.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

export function isRelative(range: Range): boolean {
  return backOf(range.from) !== undefined || backOf(range.to) !== undefined;
}

/** The span a range means now; an unreadable or empty range means the last hour. */
export function spanOf(range: Range, now: number): Span {
  const from = momentOf(range.from, now);
  const to = momentOf(range.to, now);
  if (from === undefined || to === undefined || from >= to)
    return { from: now - 3_600_000, to: now };
  return { from, to };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function rangeOfSpan(span: Span): Range {
  return { from: iso(span.from), to: iso(span.to) };
}

/** Twice as wide around the same middle, never reaching beyond now. */
export function zoomOut(span: Span, now: number): Span {
  const width = Math.max(span.to - span.from, 1);
  const to = Math.min(span.to + width / 2, Math.max(now, span.to));
  return { from: Math.round(to - 2 * width), to: Math.round(to) };
}

/** The middle half. */
export function zoomIn(span: Span): Span {
  const width = span.to - span.from;
  if (width <= 4) return span;
  return { from: Math.round(span.from + width / 4), to: Math.round(span.to - width / 4) };
}

/** A wider quick range than the present one, for "nothing found". */
export function wider(range: Range, now: number): string | undefined {
  const span = spanOf(range, now);
  const width = now - span.from;
  return QUICK_RANGES.find((quick) => (backOf(quick) ?? 0) > width * 1.5);
}

/** A quick range of any amount, taken apart for wording: `-90m` is 90 minutes. */
export function quickParts(
  text: string,
): { count: number; unit: 's' | 'm' | 'h' | 'd' | 'w' } | undefined {
  const match = /^(?:now)?-(\d+)([smhdw])$/.exec(text);
  if (!match) return undefined;
  return { count: Number(match[1]), unit: match[2] as 's' | 'm' | 'h' | 'd' | 'w' };
}
