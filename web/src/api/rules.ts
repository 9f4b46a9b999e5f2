import { queryOptions } from '@tanstack/react-query';
import { learnClock } from '@/lib/clock';
import { iso, type Span } from '@/lib/range';
import { foundOf } from '@/lib/rules';
import { API, ApiError, api, data, failureOf, isAborted } from './client';
import { linesOf } from './ndjson';
import type { BacktestDetection, BacktestEnd, BacktestProgress, Json, NewException } from './types';

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

/** Everything about one rule. */
export const ruleQuery = (key: string) =>
  queryOptions({
    queryKey: ['rules', 'one', key],
    queryFn: ({ signal }) => data(api.GET('/rules/{key}', { params: { path: { key } }, signal })),
  });

/** What is wrong with a text that takes the place of the rule `key`. */
export const checkQuery = (text: string, key: string | undefined) =>
  queryOptions({
    queryKey: ['rule-check', text, key],
    queryFn: ({ signal }) =>
      data(api.POST('/rules/check', { body: key ? { text, key } : { text }, signal })),
    gcTime: 60_000,
  });

export const testRule = (text: string, samples: Json[]) =>
  data(api.POST('/rules/test', { body: { text, samples } }));

export const createRule = (text: string, note: string) =>
  data(api.POST('/rules', { body: { text, note } }));

export const saveRule = (key: string, body: { text: string; note: string; version: number }) =>
  data(api.PUT('/rules/{key}', { params: { path: { key } }, body }));

export const removeRule = (key: string, version: number) =>
  data(api.DELETE('/rules/{key}', { params: { path: { key }, query: { version } } }));

export const switchRule = (key: string, on: boolean, reason: string) => {
  const said = { params: { path: { key } }, body: { reason } };
  return data(on ? api.POST('/rules/{key}/enable', said) : api.POST('/rules/{key}/disable', said));
};

export const addException = (key: string, body: NewException) =>
  data(api.POST('/rules/{key}/exceptions', { params: { path: { key } }, body }));

export const endException = (id: number) =>
  data(api.POST('/rules/exceptions/{id}/end', { params: { path: { id } } }));

export interface BacktestRequest {
  text: string;
  q: string;
  from: string;
}

export type BacktestItem =
  | { progress: BacktestProgress }
  | { detection: BacktestDetection }
  | { end: BacktestEnd };

/** What a text would have found, as it is found. Aborting stops it on the server too. */
export async function* backtest(
  request: BacktestRequest,
  signal: AbortSignal,
): AsyncGenerator<BacktestItem[]> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(request);
  const answer = fetch(`${API}/rules/backtest`, { method: 'POST', headers, body, signal });
  const response = await answer.catch((error) => {
    if (isAborted(error)) throw error;
    throw new ApiError('network', String(error), 0);
  });
  learnClock(response.headers.get('date'));
  if (!response.ok || !response.body) {
    throw failureOf(response, await response.json().catch(() => undefined));
  }
  for await (const lines of linesOf(response.body)) {
    yield lines.map((line) => {
      const item = JSON.parse(line) as BacktestItem | { error: unknown };
      if ('error' in item) throw failureOf(response, item);
      return item;
    });
  }
}
