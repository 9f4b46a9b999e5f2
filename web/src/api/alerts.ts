import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Change } from '@/lib/alert-change';
import { serverNow } from '@/lib/clock';
import { filterText } from '@/lib/query';
import { iso, momentOf } from '@/lib/range';
import { api, data } from './client';
import type { AlertInfo, AlertLevel, AlertState } from './types';

export interface AlertFilter {
  state: AlertState | 'all';
  level?: AlertLevel;
  since?: string;
}

const PAGE = 100;

/** Alerts page by page; the number of the oldest one leads to the next page. */
export const alertsQuery = (filter: AlertFilter) =>
  infiniteQueryOptions({
    queryKey: ['alerts', 'list', filter],
    queryFn: ({ pageParam, signal }) => {
      const since = filter.since ? momentOf(filter.since, serverNow()) : undefined;
      const query = {
        ...filter,
        since: since === undefined ? undefined : iso(since),
        limit: PAGE,
        before: pageParam,
      };
      return data(api.GET('/alerts', { params: { query }, signal }));
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.alerts.length < PAGE ? undefined : last.alerts.at(-1)?.id),
  });

export const alertQuery = (id: number) =>
  queryOptions({
    queryKey: ['alerts', 'one', id],
    queryFn: ({ signal }) => data(api.GET('/alerts/{id}', { params: { path: { id } }, signal })),
  });

const AROUND = 10;

/** What this host said last before the alert began; detections themselves are not wanted here. */
export const beforeQuery = (alert: Pick<AlertInfo, 'id' | 'host' | 'first'>) =>
  queryOptions({
    queryKey: ['alerts', 'before', alert.id, alert.first],
    queryFn: ({ signal }) => {
      const q = `${hostFilter(alert.host ?? '')} NOT event.kind:alert`;
      const query = { q, to: alert.first, limit: AROUND };
      return data(api.GET('/search', { params: { query }, signal }));
    },
    enabled: Boolean(alert.host),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const hostFilter = (host: string) =>
  filterText({ field: 'host.name', value: host, negate: false });

/** Does what is asked; answers the alerts that changed. */
export function changeAlerts(change: Change): Promise<{ alerts: AlertInfo[] }> {
  switch (change.kind) {
    case 'acknowledge': {
      const { ids, note } = change;
      return data(api.POST('/alerts/acknowledge', { body: { ids, note } }));
    }
    case 'reopen': {
      const { ids, note } = change;
      return data(api.POST('/alerts/reopen', { body: { ids, note } }));
    }
    case 'close': {
      const { ids, reason, note } = change;
      return data(api.POST('/alerts/close', { body: { ids, reason, note } }));
    }
    case 'assign': {
      const { ids, to } = change;
      return data(api.POST('/alerts/assign', { body: { ids, to } }));
    }
    case 'comment': {
      const { ids, text } = change;
      return data(api.POST('/alerts/comment', { body: { ids, text } }));
    }
  }
}
