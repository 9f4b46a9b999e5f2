import { learnClock } from '@/lib/clock';
import { iso, type Span } from '@/lib/range';
import { API, ApiError, failureOf } from './client';
import { linesOf } from './ndjson';
import type { Progress, TableAnswer } from './types';

export type TableItem =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'table'; table: TableAnswer };

/** What the pipes of a search give, and how far it is until then. Aborting stops the search there too. */
export async function* searchTable(
  q: string,
  span: Span,
  signal: AbortSignal,
): AsyncGenerator<TableItem> {
  const params = new URLSearchParams({ q, from: iso(span.from), to: iso(span.to) });
  const response = await fetch(`${API}/search/table?${params}`, { signal });
  learnClock(response.headers.get('date'));
  if (!response.ok || !response.body) {
    throw failureOf(response, await response.json().catch(() => undefined));
  }
  for await (const lines of linesOf(response.body)) {
    for (const line of lines) {
      const value = JSON.parse(line) as { progress?: Progress; table?: TableAnswer };
      if (value.progress) yield { kind: 'progress', progress: value.progress };
      else if (value.table) {
        yield { kind: 'table', table: value.table };
        return;
      } else throw failureOf(response, value);
    }
  }
  throw new ApiError('network', 'the answer ended early', 0);
}

/** Where all rows are, for the browser to save. */
export function exportAddress(q: string, span: Span, format: 'csv' | 'ndjson'): string {
  const params = new URLSearchParams({ q, from: iso(span.from), to: iso(span.to), format });
  // Who opens it in a spreadsheet shall find texts there, and no formulas.
  if (format === 'csv') params.set('safe', 'true');
  return `${API}/export?${params}`;
}
