import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { isAborted } from '@/api/client';
import { createReport } from '@/api/reports';
import type { NewReport } from '@/api/types';
import { announce } from '@/parts/announce';

export interface Making {
  /** Since when one is made. */
  since?: number;
  error: unknown;
  make(report: NewReport): void;
  cancel(): void;
}

/** Makes a report, and ends it when told to. Who leaves the page meanwhile finds it in the list later. */
export function useMaking(made: (id: number) => void): Making {
  const { t } = useTranslation('reports');
  const client = useQueryClient();
  const running = useRef<AbortController>(undefined);
  const { mutate, isPending, submittedAt, error } = useMutation({
    mutationFn: (report: NewReport) => {
      running.current = new AbortController();
      return createReport(report, running.current.signal);
    },
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ['reports', 'list'] });
      announce(t('made.done', { id }));
    },
  });
  return {
    since: isPending ? submittedAt : undefined,
    error: isAborted(error) ? undefined : error,
    make: (report) => {
      // Only where the page is still there: nobody is called back to it.
      if (!isPending) mutate(report, { onSuccess: ({ id }) => made(id) });
    },
    cancel: () => running.current?.abort(),
  };
}
