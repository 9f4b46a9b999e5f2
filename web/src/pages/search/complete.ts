import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { queryClient } from '@/api/queries';
import { leavesOf } from '@/lib/event';
import { formatShort } from '@/lib/format';
import { completionAt, fieldText, valueText } from '@/lib/query';
import type { Span } from '@/lib/range';
import { cut, safeString } from '@/lib/safe-text';
import { earlierQueries } from './history';
import { fieldsQuery, valuesQuery } from './queries';

/** Asking waits until typing pauses. */
const PAUSE_MS = 120;
const SHOWN_MAX = 80;

export interface CompleteOptions {
  span(): Span;
  words: { earlier(): string };
}

function earlier(options: CompleteOptions): CompletionResult | null {
  const queries = earlierQueries();
  if (queries.length === 0) return null;
  return {
    from: 0,
    filter: false,
    options: queries.map((label) => ({ label, detail: options.words.earlier() })),
  };
}

async function fields(from: number, prefix: string, span: Span): Promise<CompletionResult | null> {
  // All fields of the span, whatever the query: what is being typed narrows nothing yet.
  const { fields: found } = await queryClient.fetchQuery(fieldsQuery('', span));
  const typed = prefix.toLowerCase();
  const entries = found
    .filter(({ name }) => name.toLowerCase().includes(typed))
    .sort((a, b) => rank(a.name, typed) - rank(b.name, typed) || b.events - a.events)
    .slice(0, 50)
    .map(
      ({ name, events }): Completion => ({
        label: cut(safeString(name), SHOWN_MAX),
        apply: `${fieldText(name)}:`,
        detail: formatShort(events),
      }),
    );
  return entries.length ? { from, options: entries, filter: false } : null;
}

function rank(name: string, typed: string): number {
  const lower = name.toLowerCase();
  if (lower.startsWith(typed)) return 0;
  return lower.includes(`.${typed}`) ? 1 : 2;
}

async function values(
  at: { from: number; prefix: string; field: string },
  span: Span,
): Promise<CompletionResult | null> {
  const answer = await queryClient.fetchQuery(valuesQuery(at.field, at.prefix, span));
  const entries = answer.values.flatMap(({ value, count }) =>
    leavesOf(value).map(
      (leaf): Completion => ({
        label: cut(safeString(String(leaf)), SHOWN_MAX),
        apply: `${valueText(leaf)} `,
        detail: formatShort(count),
      }),
    ),
  );
  return entries.length ? { from: at.from, options: entries, filter: false } : null;
}

/** Fields and values that occur in the time range; in an empty box, earlier searches. */
export function completer(options: CompleteOptions) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    if (text.trim() === '') return context.explicit ? earlier(options) : null;
    const at = completionAt(text, context.pos);
    if (!at) return null;
    if (at.kind === 'field' && at.prefix === '' && !context.explicit) return null;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
    if (context.aborted) return null;
    try {
      const span = options.span();
      return at.kind === 'field' ? await fields(at.from, at.prefix, span) : await values(at, span);
    } catch {
      // Completion is a help; its failure must not stand in the way of typing.
      return null;
    }
  };
}
