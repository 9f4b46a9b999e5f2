import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { ReportsParams } from '@/app/router';

export interface View {
  /** The report that is open; 0 where the address names none that can be. */
  id?: number;
  /** The form is open. */
  making: boolean;
  refresh?: number;
  open(id: number | undefined): void;
  setMaking(making: boolean): void;
}

const idOf = (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : 0);

/** What is seen, as the address says it, and the ways to change it. */
export function useView(): View {
  const { report, new: making = false, refresh } = useSearch({ from: '/inside/reports' });
  const navigate = useNavigate();
  return useMemo(() => {
    const change = (next: Partial<ReportsParams>, replace: boolean) =>
      void navigate({
        to: '/reports',
        search: (old: ReportsParams) => ({ ...old, ...next }),
        replace,
      });
    return {
      id: report === undefined ? undefined : idOf(report),
      making,
      refresh,
      // Going through reports with j and k leaves one step in the history, not fifty.
      open: (id) => change({ report: id?.toString() }, report !== undefined && id !== undefined),
      setMaking: (next) => change({ new: next || undefined }, true),
    };
  }, [report, making, refresh, navigate]);
}
