import { queryOptions } from '@tanstack/react-query';
import { API, api, data, failureOf } from './client';
import type { NewReport } from './types';

/** Reports that were made, the newest first. */
export const reportsQuery = queryOptions({
  queryKey: ['reports', 'list'],
  queryFn: ({ signal }) => data(api.GET('/reports', { signal })),
});

/** Makes one. Whoever goes away (`signal`) ends it there too. */
export const createReport = (report: NewReport, signal: AbortSignal) =>
  data(api.POST('/reports', { body: report, signal }));

export const removeReport = (id: number) =>
  data(api.DELETE('/reports/{id}', { params: { path: { id } } }));

export type ReportFormat = 'html' | 'pdf' | 'json';

export function reportAddress(id: number, format: ReportFormat): string {
  return `${API}/reports/${id}?format=${format}`;
}

/** Whether a report can be shown. Its frame could not say why not: a failure there would be JSON to read. */
export const reportPageQuery = (id: number) =>
  queryOptions({
    queryKey: ['reports', 'page', id],
    queryFn: async ({ signal }) => {
      const response = await fetch(reportAddress(id, 'html'), { signal });
      if (!response.ok) {
        throw failureOf(response, await response.json().catch(() => undefined));
      }
      await response.body?.cancel();
      return true;
    },
    // What was made stays as it is.
    staleTime: Number.POSITIVE_INFINITY,
  });
