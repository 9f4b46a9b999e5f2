import { isApiError } from '@/api/client';
import { unitsOfBytes } from '@/lib/query';

/** Where a query cannot be read, in UTF-16 units. */
export interface Mistake {
  from: number;
  to: number;
}

/** The place of a mistake in a query, from the server's offsets in bytes. */
export function mistakeIn(q: string, error: unknown): Mistake | undefined {
  if (!isApiError(error, 'bad_query')) return undefined;
  const { at, len } = (error.details ?? {}) as { at?: unknown; len?: unknown };
  if (typeof at !== 'number' || typeof len !== 'number') return undefined;
  return { from: unitsOfBytes(q, at), to: unitsOfBytes(q, at + len) };
}
