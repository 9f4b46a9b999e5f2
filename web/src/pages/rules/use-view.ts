import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { RulesParams } from '@/app/router';
import { levelOf } from '@/lib/alert';
import {
  type Column,
  type Filter,
  nextSort,
  originOf,
  type Sort,
  sortOf,
  sortText,
} from '@/lib/rules';

export interface View {
  filter: Filter;
  sort: Sort;
  refresh?: number;
  change(change: Partial<RulesParams>): void;
  sortBy(column: Column): void;
}

/** What is seen, as the address says it, and the ways to change it. */
export function useView(): View {
  const { q, level, origin, sort, refresh } = useSearch({ from: '/inside/rules' });
  const navigate = useNavigate();
  return useMemo(() => {
    const order = sortOf(sort);
    const change = (next: Partial<RulesParams>) =>
      void navigate({
        to: '/rules',
        search: (old: RulesParams) => ({ ...old, ...next }),
        replace: true,
      });
    return {
      filter: { words: q ?? '', least: levelOf(level), origin: originOf(origin) },
      sort: order,
      refresh,
      change,
      sortBy: (column) => change({ sort: sortText(nextSort(order, column)) }),
    };
  }, [q, level, origin, sort, refresh, navigate]);
}
