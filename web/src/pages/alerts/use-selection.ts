import { useMemo, useRef, useState } from 'react';
import type { AlertInfo } from '@/api/types';

export interface Selection {
  ids: ReadonlySet<number>;
  set(ids: Iterable<number>): void;
  /** `range` adds everything from the last one on, as with shift in file managers. */
  toggle(id: number, range?: boolean): void;
}

function between(alerts: AlertInfo[], from: number, to: number): number[] {
  const [a, b] = [from, to].map((id) => alerts.findIndex((alert) => alert.id === id));
  if (a === undefined || b === undefined || a < 0 || b < 0) return [to];
  return alerts.slice(Math.min(a, b), Math.max(a, b) + 1).map((alert) => alert.id);
}

/** What is no longer shown falls out by itself. */
export function useSelection(alerts: AlertInfo[] | undefined): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const last = useRef<number | undefined>(undefined);
  const latest = useRef(alerts);
  latest.current = alerts;
  const ids = useMemo(() => {
    const shown = (alerts ?? []).filter((alert) => chosen.has(alert.id));
    return new Set(shown.map((alert) => alert.id));
  }, [alerts, chosen]);
  const actions = useMemo(
    () => ({
      set: (next: Iterable<number>) => setChosen(new Set(next)),
      toggle: (id: number, range = false) => {
        const from = last.current;
        last.current = id;
        setChosen((old) => {
          const next = new Set(old);
          if (range && from !== undefined) {
            for (const one of between(latest.current ?? [], from, id)) next.add(one);
          } else if (!next.delete(id)) next.add(id);
          return next;
        });
      },
    }),
    [],
  );
  return useMemo(() => ({ ids, ...actions }), [ids, actions]);
}
