import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';
import type { NewSilence } from './types';

/** Silences that are or will be in force, or those that are over. */
export const silencesQuery = (past: boolean) =>
  queryOptions({
    queryKey: ['silences', past],
    queryFn: ({ signal }) => {
      const query = past ? { past } : {};
      return data(api.GET('/silences', { params: { query }, signal }));
    },
  });

/** Which open alerts a query would silence. */
export const silencePreviewQuery = (when: string) =>
  queryOptions({
    queryKey: ['alerts', 'silence-preview', when],
    queryFn: ({ signal }) => data(api.POST('/silences/preview', { body: { when }, signal })),
    enabled: when !== '',
  });

export const createSilence = (silence: NewSilence) =>
  data(api.POST('/silences', { body: silence }));

export const endSilence = (id: number) =>
  data(api.POST('/silences/{id}/end', { params: { path: { id } } }));
