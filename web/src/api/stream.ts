import { learnClock } from '@/lib/clock';
import { iso, type Span } from '@/lib/range';
import { API, ApiError, failureOf, isAborted } from './client';
import { linesOf } from './ndjson';
import type { Event, Json, Progress, StreamEnd } from './types';

export interface StreamRequest {
  q: string;
  span: Span;
  limit: number;
  after?: string;
}

export type StreamItem =
  | { kind: 'rows'; rows: string[] }
  | { kind: 'progress'; progress: Progress }
  | { kind: 'end'; end: StreamEnd };

const EVENT = '{"event":';

/** The event's own JSON out of its line, without parsing it. */
export function eventJson(line: string): string | undefined {
  return line.startsWith(EVENT) && line.endsWith('}') ? line.slice(EVENT.length, -1) : undefined;
}

export function parseEvent(json: string): Event {
  try {
    const value = JSON.parse(json) as Json;
    if (value && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // What is not an event is shown as the text it is.
  }
  return { message: json };
}

async function openStream(request: StreamRequest, signal: AbortSignal): Promise<Response> {
  const params = new URLSearchParams({
    q: request.q,
    from: iso(request.span.from),
    to: iso(request.span.to),
    limit: String(request.limit),
  });
  if (request.after) params.set('after', request.after);
  try {
    return await fetch(`${API}/search/stream?${params}`, { signal });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError('network', String(error), 0);
  }
}

/** One page of a search, row by row as the server finds them. Aborting stops the search there too. */
export async function* searchStream(
  request: StreamRequest,
  signal: AbortSignal,
): AsyncGenerator<StreamItem> {
  const response = await openStream(request, signal);
  learnClock(response.headers.get('date'));
  if (!response.ok || !response.body) {
    throw failureOf(response, await response.json().catch(() => undefined));
  }
  for await (const lines of linesOf(response.body)) {
    const rows: string[] = [];
    for (const line of lines) {
      const json = eventJson(line);
      if (json !== undefined) rows.push(json);
      else yield other(line, response);
    }
    if (rows.length > 0) yield { kind: 'rows', rows };
  }
}

function other(line: string, response: Response): StreamItem {
  const value = JSON.parse(line) as { progress?: Progress; end?: StreamEnd; error?: unknown };
  if (value.progress) return { kind: 'progress', progress: value.progress };
  if (value.end) return { kind: 'end', end: value.end };
  throw failureOf(response, value);
}
