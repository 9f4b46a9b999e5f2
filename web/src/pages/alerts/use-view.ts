import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { AlertFilter } from '@/api/alerts';
import type { AlertsParams } from '@/app/router';
import { levelOf, stateOf } from '@/lib/alert';
import { momentOf } from '@/lib/range';

export interface View {
  filter: AlertFilter;
  /** The alert that is open. */
  id?: number;
  /** How often the list refreshes, if the frame does not do it. */
  refresh?: number;
  setFilter(change: Partial<AlertsParams>): void;
  open(id: number): void;
  close(): void;
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What is seen, as the address says it, and the ways to change it. */
export function useView(): View {
  const params = useSearch({ from: '/inside/alerts' });
  const { id } = useParams({ strict: false }) as { id?: string };
  const navigate = useNavigate();
  const { state, level, since, refresh } = params;
  const shown = idOf(id);
  return useMemo(() => {
    const search = (old: AlertsParams) => old;
    return {
      filter: {
        state: stateOf(state),
        level: levelOf(level),
        since: since && momentOf(since, 0) !== undefined ? since : undefined,
      },
      id: id === undefined ? undefined : (shown ?? 0),
      refresh,
      setFilter: (change) =>
        void navigate({ to: '.', search: (old: AlertsParams) => ({ ...old, ...change }) } as never),
      open: (next) =>
        void navigate({
          to: '/alerts/$id',
          params: { id: String(next) },
          search,
          // Going through alerts with j and k leaves one step in the history, not fifty.
          replace: id !== undefined,
        }),
      close: () => void navigate({ to: '/alerts', search }),
    };
  }, [state, level, since, refresh, id, shown, navigate]);
}
