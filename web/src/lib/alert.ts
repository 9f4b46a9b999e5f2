import type { AlertInfo, AlertLevel, AlertState } from '@/api/types';
import type { SeverityName } from './severity';

/** The worst first. */
export const LEVELS: readonly AlertLevel[] = ['critical', 'high', 'medium', 'low', 'informational'];

export const STATES = ['open', 'acknowledged', 'closed', 'all'] as const;
export type StateFilter = (typeof STATES)[number];

export function stateOf(text: string | undefined): StateFilter {
  return STATES.find((state) => state === text) ?? 'open';
}

export function levelOf(text: string | undefined): AlertLevel | undefined {
  return LEVELS.find((level) => level === text);
}

/** Colours come from the one severity scale; rules have their own names for its steps. */
const TONES: Record<AlertLevel, SeverityName> = {
  informational: 'debug',
  low: 'info',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
};

export function toneOf(level: string): SeverityName {
  return TONES[level as AlertLevel] ?? 'none';
}

export interface LevelCount {
  level: AlertLevel;
  count: number;
}

export function total(counts: readonly { count: number }[]): number {
  return counts.reduce((sum, one) => sum + one.count, 0);
}

/** The worst level of which there is any. */
export function worst(counts: readonly LevelCount[]): LevelCount | undefined {
  for (const level of LEVELS) {
    const count = total(counts.filter((one) => one.level === level));
    if (count > 0) return { level, count };
  }
  return undefined;
}

export type Counts = readonly { state: AlertState; level: AlertLevel; count: number }[];

/** How many alerts a choice of state and least level would show. */
export function countOf(counts: Counts, state: StateFilter, least?: AlertLevel): number {
  const limit = least ? LEVELS.indexOf(least) : LEVELS.length - 1;
  return total(
    counts.filter(
      (one) => (state === 'all' || one.state === state) && LEVELS.indexOf(one.level) <= limit,
    ),
  );
}

/** The story without the rule's title before it, which stands in a column of its own. */
export function storyOf(alert: Pick<AlertInfo, 'message' | 'rule'>): string {
  const { message, rule } = alert;
  if (!message.startsWith(rule)) return message;
  const rest = message.slice(rule.length).replace(/^:\s*/, '');
  return rest && rest !== message.slice(rule.length) ? rest : message;
}
