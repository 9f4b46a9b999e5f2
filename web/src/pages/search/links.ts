import type { Event } from '@/api/types';
import { formatParams } from '@/app/address';
import { idOf, timeOf } from '@/lib/event';
import { iso, type Span } from '@/lib/range';

/** How much of the time around an event its link shows. */
const AROUND_MS = 15 * 60_000;

function address(params: Record<string, unknown>): string {
  return `${location.origin}/search${formatParams(params)}`;
}

/** This view for a colleague: what "the last hour" means now is still the same tomorrow. */
export function linkToView(q: string, columns: string[], span: Span): string {
  return address({ q, from: iso(span.from), to: iso(span.to), cols: columns.join(',') });
}

/** The event with what happened around it, on its stream and elsewhere. */
export function linkToEvent(event: Event, columns: string[]): string {
  const at = Date.parse(timeOf(event));
  const range = Number.isNaN(at) ? {} : { from: iso(at - AROUND_MS), to: iso(at + AROUND_MS) };
  return address({ ...range, cols: columns.join(','), context: idOf(event) });
}
