import type { SearchParams } from '@/app/router';
import { type Filter, filterText } from '@/lib/query';
import { iso } from '@/lib/range';

const AROUND_MS = 5 * 60_000;

/** A search for these filters around a moment; `context` opens that event among its neighbours. */
export function searchAround(at: string, filters: Filter[], context?: string): SearchParams {
  const ms = Date.parse(at);
  const range = Number.isNaN(ms) ? {} : { from: iso(ms - AROUND_MS), to: iso(ms + AROUND_MS) };
  return { q: filters.map(filterText).join(' ') || undefined, ...range, context };
}

export function filter(field: string, value: string | number | boolean): Filter {
  return { field, value, negate: false };
}

/** A time range that holds a story and a little around it. */
export function storyRange(first: string, last: string): { from?: string; to?: string } {
  const [from, to] = [Date.parse(first), Date.parse(last)];
  if (Number.isNaN(from) || Number.isNaN(to)) return {};
  return { from: iso(from - AROUND_MS), to: iso(to + AROUND_MS) };
}
