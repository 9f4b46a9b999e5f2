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

export function severityOf(level: unknown): SeverityName {
  return typeof level === 'string' ? (ALIASES[level.toLowerCase()] ?? 'none') : 'none';
}
