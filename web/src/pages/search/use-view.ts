import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { refreshNow } from '@/app/refresh';
import type { SearchParams } from '@/app/router';
import { setSettings, useSettings } from '@/app/settings';
import { addFilter, type Filter } from '@/lib/query';
import { remember } from './history';

const COLUMNS_MAX = 20;
export const STANDARD_COLUMNS = ['host.name', 'source', 'message'];

/** The columns an address names; nonsense in it does no harm. */
export function columnsOf(cols: string | undefined): string[] | undefined {
  if (!cols) return undefined;
  const names = cols.split(',').filter((name) => name !== '' && name.length <= 200);
  return names.length ? [...new Set(names)].slice(0, COLUMNS_MAX) : undefined;
}

export interface View {
  q: string;
  live: boolean;
  columns: string[];
  event?: string;
  context?: string;
  /** Runs a query; the same one again looks anew. */
  run(q: string): void;
  filter(filter: Filter): void;
  setColumns(columns: string[]): void;
  toggleColumn(name: string): void;
  setEvent(id: string | undefined): void;
  setContext(id: string | undefined): void;
  setLive(live: boolean): void;
}

/** What is seen, as the address says it, and the ways to change it. */
export function useView(): View {
  const params = useSearch({ from: '/inside/search' });
  const settings = useSettings();
  const navigate = useNavigate();
  const columns = useMemo(
    () => columnsOf(params.cols) ?? columnsOf(settings.columns.join(',')) ?? STANDARD_COLUMNS,
    [params.cols, settings.columns],
  );
  const { q = '', live = false, event, context } = params;
  return useMemo(() => {
    const change = (next: Partial<SearchParams>, replace = false) =>
      void navigate({ to: '/search', search: (old) => ({ ...old, ...next }), replace });
    const run = (text: string) => {
      const next = text.trim();
      remember(next);
      if (next === q) refreshNow();
      else change({ q: next || undefined, event: undefined, context: undefined });
    };
    const setColumns = (names: string[]) => {
      setSettings({ columns: names });
      change({ cols: names.join(',') }, true);
    };
    const toggled = (name: string) => {
      if (columns.includes(name)) return columns.filter((column) => column !== name);
      // The message stays last: it takes the room that is left.
      const at = columns.at(-1) === 'message' ? columns.length - 1 : columns.length;
      return columns.toSpliced(at, 0, name);
    };
    return {
      q,
      live,
      columns,
      event,
      context,
      run,
      filter: (filter) => run(addFilter(q, filter)),
      setColumns,
      toggleColumn: (name) => setColumns(toggled(name)),
      setEvent: (id) => change({ event: id }, true),
      setContext: (id) => change({ context: id }, id === undefined || context !== undefined),
      setLive: (on) => change({ live: on || undefined, refresh: undefined }),
    };
  }, [q, live, columns, event, context, navigate]);
}
