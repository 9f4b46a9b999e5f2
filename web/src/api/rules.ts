import { queryOptions } from '@tanstack/react-query';
import { iso, type Span } from '@/lib/range';
import { foundOf } from '@/lib/rules';
import { api, data } from './client';

/** The rules in use, and what is wrong with the others. */
export const rulesQuery = queryOptions({
  queryKey: ['rules', 'list'],
  queryFn: ({ signal }) => data(api.GET('/rules', { signal })),
});

/** More rules than this have not found anything in one time, as far as one has seen. */
const GROUPS = 10_000;

/** How many detections every rule has in a time: one question for all of them. */
export const foundQuery = (span: Span) =>
  queryOptions({
    queryKey: ['rules', 'found', span],
    queryFn: async ({ signal }) => {
      const query = {
        q: 'event.kind:alert',
        from: iso(span.from),
        to: iso(span.to),
        by: 'rule.id',
        limit: GROUPS,
      };
      return foundOf(await data(api.GET('/search/stats', { params: { query }, signal })));
    },
  });
