import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';

export const channelsQuery = queryOptions({
  queryKey: ['channels', 'list'],
  queryFn: ({ signal }) => data(api.GET('/channels', { signal })),
});

/** What was given up, the newest first. */
export const deadQuery = (channel?: string) =>
  queryOptions({
    queryKey: ['channels', 'dead', channel],
    queryFn: ({ signal }) => {
      const query = { state: 'dead', channel } as const;
      return data(api.GET('/messages', { params: { query }, signal }));
    },
  });

/** What a channel would say of an alert. */
export const channelPreviewQuery = (name: string, alert: number) =>
  queryOptions({
    queryKey: ['channels', 'preview', name, alert],
    queryFn: ({ signal }) => {
      const params = { path: { name }, query: { alert } };
      return data(api.GET('/channels/{name}/preview', { params, signal }));
    },
    enabled: name !== '',
  });

export const testChannel = (name: string) =>
  data(api.POST('/channels/{name}/test', { params: { path: { name } } }));

export const resend = (ids: number[]) => data(api.POST('/messages/resend', { body: { ids } }));
