import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';

/** While something runs, how far it is; otherwise a look now and then. */
const BUSY_MS = 1_000;
const IDLE_MS = 15_000;

/** Searches and exports that run: your own, an administrator's everybody's. */
export const runningQuery = queryOptions({
  queryKey: ['running'],
  queryFn: ({ signal }) => data(api.GET('/searches/running', { signal })),
  refetchInterval: ({ state }) =>
    state.data?.searches.some(({ kind }) => kind === 'export') ? BUSY_MS : IDLE_MS,
  staleTime: 0,
});

export const endSearch = (id: number) =>
  data(api.DELETE('/searches/running/{id}', { params: { path: { id } } }));
