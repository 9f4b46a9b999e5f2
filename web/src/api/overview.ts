import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => data(api.GET('/overview', { signal })),
});
