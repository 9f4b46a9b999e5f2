import type { AlertInfo, Event, SilenceInfo } from '@/api/types';
import { fieldOf } from './event';
import { addFilter, type Filter, hasFilter, removeFilter } from './query';
import { backOf } from './range';

/** A part of what makes a story: a filter to silence by. */
export interface Term {
  filter: Filter;
  /** It is part of the story, and not just true of it. */
  own: boolean;
  /** What a value means that nobody can read: a rule's title. */
  title?: string;
}

/** What stories may be about, the most telling first. */
const FIELDS = [
  'rule.id',
  'host.name',
  'user.name',
  'process.name',
  'source.ip',
  'destination.ip',
  'file.path',
];

/** What a rule's story is about unless the rule says otherwise; a correlation says in its message what it counted by. */
const STORY = new Set(['host.name', 'user.name', 'process.name']);

function isOwn(event: Event, message: string, field: string, value: string): boolean {
  if (field === 'rule.id') return true;
  const count = fieldOf(event, 'watchpost.alert.count');
  if (typeof count === 'number' && count > 1) return message.includes(`${field} ${value}`);
  return STORY.has(field);
}

function termsOfOne({ event = {}, message, rule }: AlertInfo): Term[] {
  const terms: Term[] = [];
  for (const field of FIELDS) {
    const value = fieldOf(event, field);
    if (typeof value !== 'string' || value === '') continue;
    const filter = { field, value, negate: false };
    const title = field === 'rule.id' && value !== rule ? { title: rule } : {};
    terms.push({ filter, own: isOwn(event, message, field, value), ...title });
  }
  if (terms[0]?.filter.field === 'rule.id') return terms;
  return [{ filter: { field: 'rule.name', value: rule, negate: false }, own: true }, ...terms];
}

/** What these alerts have in common. */
export function termsOf(alerts: readonly AlertInfo[]): Term[] {
  const [first, ...others] = alerts.map(termsOfOne);
  return (first ?? []).filter(({ filter }) =>
    others.every((terms) =>
      terms.some(
        (term) => term.filter.field === filter.field && term.filter.value === filter.value,
      ),
    ),
  );
}

/** The query that silences the story. */
export function queryOf(terms: readonly Term[]): string {
  return terms.filter(({ own }) => own).reduce((query, { filter }) => addFilter(query, filter), '');
}

/** The query with a term more or less; what else stands in it stays. */
export function withTerm(query: string, { filter }: Term, on: boolean): string {
  if (hasFilter(query, filter) === on) return query;
  return on ? addFilter(query, filter) : removeFilter(query, filter);
}

export const TIMES = ['15m', '1h', '4h', '1d', '1w'] as const;
export type SilenceTime = (typeof TIMES)[number];

/** Until when, of a time from now on. */
export function untilOf(time: SilenceTime, now: number): number {
  return now + (backOf(`-${time}`) ?? 0);
}

export type Standing = 'active' | 'waits' | 'future' | 'ended' | 'over';

/** Where a silence stands. */
export function standingOf(silence: SilenceInfo, now: number): Standing {
  if (silence.ended) return 'ended';
  if (silence.active) return 'active';
  if (silence.from && Date.parse(silence.from) > now) return 'future';
  if (silence.until && Date.parse(silence.until) <= now) return 'over';
  return 'waits';
}
