import type { Event } from '@/api/types';
import { fieldOf } from './event';

/** The product's scale, in the order of the server's `counts`. */
export const SEVERITIES = [
  'debug',
  'info',
  'warning',
  'error',
  'critical',
  'emergency',
  'none',
] as const;

export type SeverityName = (typeof SEVERITIES)[number];

/** Words that log formats use for the steps of the scale; what the server's Scale reads. */
const ALIASES: Record<string, SeverityName> = {
  trace: 'debug',
  debug: 'debug',
  dbg: 'debug',
  info: 'info',
  information: 'info',
  informational: 'info',
  notice: 'info',
  warn: 'warning',
  warning: 'warning',
  err: 'error',
  error: 'error',
  severe: 'error',
  failure: 'error',
  crit: 'critical',
  critical: 'critical',
  alert: 'emergency',
  fatal: 'critical',
  emerg: 'emergency',
  emergency: 'emergency',
  panic: 'emergency',
};

/** From 10, 20, 40, 60, 80 and 100 on. */
const NUMBERS = [100, 80, 60, 40, 20, 0] as const;
const BY_NUMBER = ['emergency', 'critical', 'error', 'warning', 'info', 'debug'] as const;

/** An event's severity as the server reads it: `event.severity`, or else `log.level`. */
export function severityOfEvent(event: Event): SeverityName {
  const number = fieldOf(event, 'event.severity');
  if (typeof number === 'number') {
    return BY_NUMBER[NUMBERS.findIndex((least) => number >= least)] ?? 'debug';
  }
  return severityOf(fieldOf(event, 'log.level'));
}

export function severityOf(level: unknown): SeverityName {
  return typeof level === 'string' ? (ALIASES[level.toLowerCase()] ?? 'none') : 'none';
}
