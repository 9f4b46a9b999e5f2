import { useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { serverNow } from '@/lib/clock';
import { type Range, rangeOfSpan, type Span, spanOf, zoomIn, zoomOut } from '@/lib/range';
import { rangeOf } from './address';
import { useRefreshTick } from './refresh';
import { useTimeParams } from './time-params';

/** Ranges a person came from in this window, for "previous time range". */
let trail: Range[] = [];
const listeners = new Set<() => void>();
const KEPT = 50;

function setTrail(next: Range[]): void {
  trail = next.slice(-KEPT);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface TimeRange {
  range: Range;
  setRange(range: Range): void;
  setSpan(span: Span): void;
  zoomIn(): void;
  zoomOut(): void;
  back?: () => void;
}

/** The time range in the address and the ways to change it. */
export function useTimeRange(): TimeRange {
  const params = useTimeParams();
  const navigate = useNavigate();
  const before = useSyncExternalStore(subscribe, () => trail);
  const { from, to } = rangeOf(params);
  const range = useMemo(() => ({ from, to }), [from, to]);
  const put = useCallback(
    (next: Range) =>
      void navigate({
        to: '.',
        search: (old: object) => ({ ...old, ...next, live: undefined }),
      } as never),
    [navigate],
  );
  return useMemo(() => {
    const setRange = (next: Range) => {
      if (next.from === range.from && next.to === range.to) return;
      setTrail([...trail, range]);
      put(next);
    };
    const now = serverNow();
    const last = before.at(-1);
    return {
      range,
      setRange,
      setSpan: (span: Span) => setRange(rangeOfSpan(span)),
      zoomIn: () => setRange(rangeOfSpan(zoomIn(spanOf(range, now)))),
      zoomOut: () => setRange(rangeOfSpan(zoomOut(spanOf(range, now), serverNow()))),
      back: last
        ? () => {
            setTrail(trail.slice(0, -1));
            put(last);
          }
        : undefined,
    };
  }, [range, before, put]);
}

/**
 * What the range means on the clock, settled when the range changes or the view is refreshed: every
 * part of a page counts and lists the same span.
 */
export function useSpan(): Span {
  const { range } = useTimeRange();
  const tick = useRefreshTick();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a refresh settles "now" anew
  return useMemo(() => spanOf(range, serverNow()), [range, tick]);
}
