import { infiniteQueryOptions } from '@tanstack/react-query';
import { iso, type Span } from '@/lib/range';
import { api, data } from './client';

/** Entries of one page. */
const PAGE = 100;

export interface AuditFilter {
  who?: string;
  action?: string;
  object?: string;
  refused: boolean;
  span: Span;
}

/** Who did what, the newest first, page by page. */
export const auditQuery = ({ who, action, object, refused, span }: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', who, action, object, refused, span],
    queryFn: ({ signal, pageParam: before }) => {
      const query = {
        who,
        action,
        object,
        outcome: refused ? 'refused' : undefined,
        from: iso(span.from),
        to: iso(span.to),
        limit: PAGE,
        before,
      };
      return data(api.GET('/audit', { params: { query }, signal }));
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ entries }) => (entries.length < PAGE ? undefined : entries.at(-1)?.id),
  });
