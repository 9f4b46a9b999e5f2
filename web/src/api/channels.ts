import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';
import type { MadeRoutes, Settings } from './types';

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

export const createChannel = (settings: Settings) =>
  data(api.POST('/channels', { body: { settings } }));

/** Secrets that are left out keep their values; an empty text removes one. */
export const changeChannel = (name: string, settings: Settings, version: number) =>
  data(api.PUT('/channels/{name}', { params: { path: { name } }, body: { settings, version } }));

/** What waits for it is given up. */
export const removeChannel = (name: string, version: number) =>
  data(api.DELETE('/channels/{name}', { params: { path: { name }, query: { version } } }));

/** A test message by settings that are not saved; secrets left out are those of the channel they replace. */
export const trySettings = (settings: Settings, replaces?: string) =>
  data(api.POST('/channels/try', { body: { settings, replaces } }));

/** What settings that are not saved would say of an alert. */
export const settingsPreviewQuery = (settings: Settings, alert: number) =>
  queryOptions({
    queryKey: ['channels', 'draft', settings, alert],
    queryFn: ({ signal }) =>
      data(api.POST('/channels/preview', { body: { settings, alert }, signal })),
    gcTime: 60_000,
  });

/** Puts the routes that were made in the place of those there are. */
export const saveRoutes = (routes: MadeRoutes) => data(api.PUT('/routes', { body: routes }));

export const resend = (ids: number[]) => data(api.POST('/messages/resend', { body: { ids } }));
