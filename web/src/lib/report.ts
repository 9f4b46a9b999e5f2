import type { DeliveryHost, ReportInfo } from '@/api/types';
import { OWN_AGENT } from './delivery';
import type { Span } from './range';
import { isPlain } from './safe-text';
import { formatSecond, formatSpan, parseMoment, type Zone } from './time';

/** The times a report is mostly made of; `own` is typed. */
export const PERIODS = ['yesterday', 'week', 'month', 'own'] as const;
export type Period = (typeof PERIODS)[number];

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** The server refuses more. */
export const DAYS_MAX = 92;

/** When the day of a moment began, or one so many days away from it: days are not always 24 hours. */
export function midnight(ms: number, days: number, zone: Zone): number {
  const at = new Date(ms);
  return zone === 'utc'
    ? Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + days)
    : new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}

/** What a period means now. */
export function spanOfPeriod(period: Exclude<Period, 'own'>, now: number, zone: Zone): Span {
  if (period === 'yesterday') return { from: midnight(now, -1, zone), to: midnight(now, 0, zone) };
  // Nobody wants to read seconds in a title.
  const to = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return { from: to - (period === 'week' ? 7 : 30) * DAY_MS, to };
}

export type Typed =
  | { span: Span }
  | { wrong: 'from' | 'to'; why: 'unreadable' | 'order' | 'length' };

/** The time that was typed, or what is wrong with it. */
export function spanOfTyped(from: string, to: string, zone: Zone): Typed {
  const span = { from: parseMoment(from, zone), to: parseMoment(to, zone) };
  if (span.from === undefined) return { wrong: 'from', why: 'unreadable' };
  if (span.to === undefined) return { wrong: 'to', why: 'unreadable' };
  if (span.to <= span.from) return { wrong: 'to', why: 'order' };
  if (span.to - span.from > DAYS_MAX * DAY_MS) return { wrong: 'from', why: 'length' };
  return { span: { from: span.from, to: span.to } };
}

/** A report's time in as few characters as it needs: whole days by their names alone, the last one included. */
export function periodText({ from, to }: Pick<ReportInfo, 'from' | 'to'>, zone: Zone): string {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  if (Number.isNaN(begin) || Number.isNaN(end)) return `${from} – ${to}`.slice(0, 80);
  const isDays = midnight(begin, 0, zone) === begin && midnight(end, 0, zone) === end;
  if (!isDays || end <= begin) return formatSpan(begin, end, zone);
  const day = (ms: number) => formatSecond(ms, zone).slice(0, 10);
  const [first, last] = [day(begin), day(midnight(end, -1, zone))];
  return first === last ? first : `${first} – ${last}`;
}

/** The zone's name as the server knows it. */
export function zoneId(zone: Zone): string {
  return zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Hosts to choose from, by name. A name that hides something is left to be typed. */
export function hostNames(hosts: readonly DeliveryHost[]): string[] {
  const names = hosts
    .filter(({ agent }) => agent !== OWN_AGENT)
    .map(({ host, agent }) => host ?? agent)
    .filter(isPlain);
  return [...new Set(names)].sort();
}

/** The report above (-1) or below (1) the open one; the first where none is open. */
export function neighbour(
  reports: readonly Pick<ReportInfo, 'id'>[],
  open: number | undefined,
  step: 1 | -1,
): number | undefined {
  const at = reports.findIndex(({ id }) => id === open);
  if (at < 0) return reports[0]?.id;
  return reports[at + step]?.id;
}
