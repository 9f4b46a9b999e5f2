import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data } from '@/api/client';
import { iso, type Span } from '@/lib/range';

const searched = (q: string, span: Span) => ({ q, from: iso(span.from), to: iso(span.to) });

/** What belongs to a settled span does not change by asking again; a refresh settles a new span. */
const settled = { staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000 };

export const histogramQuery = (q: string, span: Span) =>
  queryOptions({
    ...settled,
    queryKey: ['search', 'histogram', q, span],
    queryFn: ({ signal }) =>
      data(api.GET('/search/histogram', { params: { query: searched(q, span) }, signal })),
    placeholderData: keepPreviousData,
  });

const VALUES = 8;

/** `fields` empty: the server's choice. */
export const facetsQuery = (q: string, span: Span, fields: string[]) =>
  queryOptions({
    ...settled,
    queryKey: ['search', 'facets', q, span, fields],
    queryFn: ({ signal }) => {
      const chosen = fields.length ? { fields: fields.join(',') } : {};
      const query = { ...searched(q, span), ...chosen, limit: VALUES };
      return data(api.GET('/search/facets', { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });

export const fieldsQuery = (q: string, span: Span) =>
  queryOptions({
    ...settled,
    queryKey: ['search', 'fields', q, span],
    queryFn: ({ signal }) =>
      data(api.GET('/search/fields', { params: { query: searched(q, span) }, signal })),
  });

export const valuesQuery = (field: string, prefix: string, span: Span) =>
  queryOptions({
    staleTime: 60_000,
    queryKey: ['search', 'values', field, prefix, span],
    queryFn: ({ signal }) => {
      const query = { field, prefix, from: iso(span.from), to: iso(span.to), limit: 20 };
      return data(api.GET('/search/values', { params: { query }, signal }));
    },
  });

export const contextQuery = (id: string, before: number, after: number) =>
  queryOptions({
    staleTime: 30_000,
    queryKey: ['search', 'context', id, before, after],
    queryFn: ({ signal }) =>
      data(api.GET('/search/context', { params: { query: { id, before, after } }, signal })),
    placeholderData: (old, query) => (query?.queryKey[2] === id ? old : undefined),
  });
