import type { AuditEntry } from '@/api/types';
import { audit } from '@/i18n/en/audit';

/** Which actions can be chosen together, by what the server takes as a filter. */
export const GROUPS = {
  rule: 'rule.*',
  alert: 'alert.*',
  silence: 'silence.*',
  channel: 'channel.*',
  routes: 'routes.*',
  agent: 'agent.*',
  lookup: 'lookup.*',
  report: 'report.*',
  export: 'export',
  user: 'user.*',
  key: 'key.*',
  login: 'log*',
  denied: 'denied',
} as const;
export type Group = keyof typeof GROUPS;
export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

/** The group an address names; undefined: everything. */
export const groupOf = (text: string | undefined): Group | undefined =>
  GROUP_NAMES.find((group) => group === text);

type Did = Extract<keyof typeof audit, `did.${string}`>;

/** The text that says what was done; undefined for what a newer server may do. */
export function didOf(action: string): Did | undefined {
  const key = `did.${action}`;
  return key in audit ? (key as Did) : undefined;
}

/** The page that shows what something was done to. */
export type Place =
  | { to: '/rule'; key: string }
  | { to: '/alerts/$id'; id: string }
  | { to: '/reports'; report: string }
  | { to: '/host'; agent: string };

export function placeOf({ action, object: { kind, id } }: AuditEntry): Place | undefined {
  if (!id || action.endsWith('.remove')) return undefined;
  if (kind === 'rule') return { to: '/rule', key: id };
  if (kind === 'alert') return { to: '/alerts/$id', id };
  if (kind === 'report') return { to: '/reports', report: id };
  if (kind === 'agent') return { to: '/host', agent: id };
  return undefined;
}

/** A member of the details in one line. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(shownValue).join(', ');
  return JSON.stringify(value) ?? '';
}
