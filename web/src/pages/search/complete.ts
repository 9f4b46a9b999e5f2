import { queryClient } from '@/api/queries';
import { leavesOf } from '@/lib/event';
import { formatShort } from '@/lib/format';
import { completionAt, fieldText, valueText } from '@/lib/query';
import type { Span } from '@/lib/range';
import { cut, safeString } from '@/lib/safe-text';
import { earlierQueries } from './history';
import { fieldsQuery, valuesQuery } from './queries';

export interface Entry {
  /** What is shown: harmless and not too long. */
  label: string;
  /** What is written into the query. */
  text: string;
  /** How often it occurs. */
  detail: string;
}

export interface Completions {
  /** Where the text begins that an entry replaces. */
  from: number;
  entries: Entry[];
}

const SHOWN_MAX = 80;
const ENTRIES_MAX = 50;

const labelOf = (text: string) => cut(safeString(text), SHOWN_MAX);

function rank(name: string, typed: string): number {
  const lower = name.toLowerCase();
  if (lower.startsWith(typed)) return 0;
  return lower.includes(`.${typed}`) ? 1 : 2;
}

async function fields(prefix: string, span: Span): Promise<Entry[]> {
  // All fields of the span, whatever the query: what is being typed narrows nothing yet.
  const { fields: found } = await queryClient.fetchQuery(fieldsQuery('', span));
  const typed = prefix.toLowerCase();
  return found
    .filter(({ name }) => name.toLowerCase().includes(typed))
    .sort((a, b) => rank(a.name, typed) - rank(b.name, typed) || b.events - a.events)
    .slice(0, ENTRIES_MAX)
    .map(({ name, events }) => ({
      label: labelOf(name),
      text: `${fieldText(name)}:`,
      detail: formatShort(events),
    }));
}

async function values(field: string, prefix: string, span: Span): Promise<Entry[]> {
  const answer = await queryClient.fetchQuery(valuesQuery(field, prefix, span));
  return answer.values.flatMap(({ value, count }) =>
    leavesOf(value).map((leaf) => ({
      label: labelOf(String(leaf)),
      text: `${valueText(leaf)} `,
      detail: formatShort(count),
    })),
  );
}

/**
 * Fields and values that occur in the time range; in an empty box, earlier searches. `asked`: the person
 * asked for it, so everything may be offered; else only what has begun to be typed is completed.
 */
export async function complete(
  query: string,
  at: number,
  span: Span,
  asked: boolean,
): Promise<Completions | undefined> {
  if (query.trim() === '') {
    if (!asked) return undefined;
    return {
      from: 0,
      entries: earlierQueries().map((text) => ({ label: labelOf(text), text, detail: '' })),
    };
  }
  const typed = completionAt(query, at);
  if (!typed || (typed.kind === 'field' && typed.prefix === '' && !asked)) return undefined;
  try {
    const entries =
      typed.kind === 'field'
        ? await fields(typed.prefix, span)
        : await values(typed.field, typed.prefix, span);
    return { from: typed.from, entries };
  } catch {
    // Completion is a help; its failure must not stand in the way of typing.
    return undefined;
  }
}
