import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';

export const deliveryQuery = queryOptions({
  queryKey: ['delivery'],
  queryFn: ({ signal }) => data(api.GET('/delivery', { signal })),
});
