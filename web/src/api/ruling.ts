/** Rules: what they say, what became of them, and trying them, as `types.ts` says of everything else. */
import type { AlertLevel } from './types';

export interface RuleInfo {
  /** what it is asked for by: its id, or its title */
  key: string;
  id?: string;
  /** How it finds what it finds; older servers do not say. */
  kind?: string;
  title: string;
  level: AlertLevel;
  tags: string[];
  file: string;
  origin: 'builtin' | 'file' | 'own';
  enabled: boolean;
  /** why it is switched off */
  reason?: string;
  /** of one made here */
  version?: number;
  exceptions: number;
  /** since the server started */
  hits: number;
  excepted: number;
  detections: number;
  /** those of them that were put together with others, since there were too many; older servers do not say */
  together?: number;
  /** nanoseconds for each event of its log source */
  cost_ns?: number;
}

export interface RuleSource {
  product?: string;
  category?: string;
  service?: string;
}

/** What a rule looks at. */
export interface RuleOutline {
  sources: RuleSource[];
  fields: string[];
  /** it looks for words anywhere */
  words: boolean;
  counts?: { key: string; title: string }[];
}

export interface RuleException {
  id: number;
  name: string;
  when: string;
  reason: string;
  active: boolean;
  created_by: string;
  created: string;
  until?: string;
  ended_by?: string;
  ended?: string;
}

export interface RuleVersion {
  version: number;
  deleted: boolean;
  text: string;
  note: string;
  made_by: string;
  made: string;
}

/** Everything about one rule. */
export interface RuleView extends RuleInfo {
  name?: string;
  description?: string;
  text?: string;
  outline?: RuleOutline;
  state?: { enabled: boolean; reason: string; by: string; at: string };
  exception_list?: RuleException[];
  versions?: RuleVersion[];
}

export interface RuleProblem {
  message: string;
  rule?: string;
  /** from 1 */
  line?: number;
  column?: number;
  unsupported: boolean;
}

export interface CheckedText {
  problems: RuleProblem[];
  rules: { key: string; title: string; level: AlertLevel; outline: RuleOutline }[];
}

export interface TriedText {
  problems?: RuleProblem[];
  results: { found: string[]; explained: string[]; error?: string }[];
}

export interface NewException {
  name?: string;
  when: string;
  reason: string;
  until?: string;
}

export interface BacktestProgress {
  /** 0 to 1 */
  done: number;
  until: string;
  events: number;
  hits: number;
  detections: number;
}

export interface BacktestDetection {
  time: string;
  rule: string;
  level: AlertLevel;
  message: string;
  /** the id of the event that completed it */
  cause: string;
  count: number;
  group: string[];
}

export interface BacktestEnd {
  from: string;
  to: string;
  events: number;
  hits: number;
  excepted: number;
  detections: number;
  shown: number;
  histogram: { time: string; count: number }[];
  interval_seconds: number;
  took_ms: number;
  damage?: string[];
}

/** The rules in use. */
export interface Rules {
  rules: RuleInfo[];
  loaded: string;
  /** Rules that cannot be used, one sentence each. */
  problems?: string[];
  /** Why a newer state of the files is not in use. */
  refused?: string;
}
