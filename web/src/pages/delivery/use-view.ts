import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { DeliveryParams } from '@/app/router';
import { type Column, nextSort, type View as Shown, sortOf, sortText } from '@/lib/delivery-view';

export interface View {
  shown: Shown;
  /** The stream whose details are open. */
  open?: string;
  refresh?: number;
  change(change: Partial<DeliveryParams>): void;
  sortBy(column: Column): void;
}

/** What is seen, as the address says it, and the ways to change it. */
export function useView(): View {
  const { q, agent, trouble, sort, stream, refresh } = useSearch({ from: '/inside/delivery' });
  const navigate = useNavigate();
  return useMemo(() => {
    const order = sortOf(sort);
    const change = (next: Partial<DeliveryParams>) =>
      void navigate({
        to: '/delivery',
        search: (old: DeliveryParams) => ({ ...old, ...next }),
        replace: true,
      });
    return {
      shown: { words: q, agent, trouble, sort: order },
      open: stream,
      refresh,
      change,
      sortBy: (column) => change({ sort: sortText(nextSort(order, column)) }),
    };
  }, [q, agent, trouble, sort, stream, refresh, navigate]);
}
