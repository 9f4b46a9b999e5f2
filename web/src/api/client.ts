import createClient from 'openapi-fetch';
import { learnClock } from '@/lib/clock';
import type { ErrorBody, Json, paths } from './types';

export const API = '/api/v1';

/** Why a request failed: the server's own code and sentence, or `network` when it did not answer. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly details?: Json,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export function isApiError(error: unknown, code?: string): error is ApiError {
  return error instanceof ApiError && (code === undefined || error.code === code);
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** The failure a response tells, also when a proxy answered with something else than our JSON. */
export function failureOf(response: Response, body: unknown): ApiError {
  const told = (body as Partial<ErrorBody> | undefined)?.error;
  const wait = Number(response.headers.get('retry-after'));
  return new ApiError(
    typeof told?.code === 'string' ? told.code : `http_${response.status}`,
    typeof told?.message === 'string' ? told.message : response.statusText,
    response.status,
    told?.details,
    Number.isFinite(wait) && wait > 0 ? wait : undefined,
  );
}

export const api = createClient<paths>({ baseUrl: API });

api.use({
  onResponse: ({ response }) => learnClock(response.headers.get('date')),
  onError: ({ error }) => {
    if (isAborted(error)) return undefined;
    return new ApiError('network', String(error), 0);
  },
});

/** The body of an answer, or the failure thrown: `await data(api.GET('/overview'))`. */
export async function data<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data: body, error, response } = await answer;
  if (!response.ok) throw failureOf(response, error);
  return body as T;
}
