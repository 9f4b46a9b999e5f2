import type { DeliveryHost, Finding, Skip, StreamState } from '@/api/types';

/** The server's own stream, in which it writes what its rules found. */
export const OWN_AGENT = '@server';

const BEFORE_START = 'before-start';

/** A hole that was configured ("collect from now on") is no loss. */
export function isLoss(skip: Skip): boolean {
  return skip.reason !== BEFORE_START;
}

export function leftOut(stream: StreamState): number {
  return Object.values(stream.dropped).reduce((sum, count) => sum + count, 0);
}

/** Reasons of the agent's configuration. Everything else that was left out is a fault worth a look. */
const CONFIGURED = new Set(['filter', 'empty', 'ignore', 'too-old', 'sampled']);

export function isConfigured(reason: string): boolean {
  return CONFIGURED.has(reason);
}

/** Left out for faults. */
export function faults(stream: StreamState): number {
  return Object.entries(stream.dropped).reduce(
    (sum, [reason, count]) => sum + (isConfigured(reason) ? 0 : count),
    0,
  );
}

/** Read, not searchable yet. */
export function waiting(stream: StreamState): number {
  return stream.lag.records;
}

/** So old may something be that waits, before it is worth a look. */
export const LAGGING_SECONDS = 60;

export function isTrouble(stream: StreamState): boolean {
  return (
    stream.gaps > 0 ||
    stream.rejected > 0 ||
    faults(stream) > 0 ||
    stream.conflicts > 0 ||
    stream.silent_since !== undefined ||
    stream.lag.seconds >= LAGGING_SECONDS
  );
}

/** Why an epoch matters: two streams of one name differ by it alone. */
export function keyOf(stream: StreamState): string {
  return `${stream.agent}/${stream.epoch}/${stream.stream}`;
}

export interface Totals {
  streams: number;
  read: number;
  events: number;
  stored: number;
  waiting: number;
  /** Age of the oldest that waits, in seconds. */
  lagSeconds: number;
  leftOut: number;
  faults: number;
  rejected: number;
  gaps: number;
  updated: string;
}

export function totalsOf(streams: readonly StreamState[]): Totals {
  const totals: Totals = {
    streams: streams.length,
    read: 0,
    events: 0,
    stored: 0,
    waiting: 0,
    lagSeconds: 0,
    leftOut: 0,
    faults: 0,
    rejected: 0,
    gaps: 0,
    updated: '',
  };
  for (const stream of streams) {
    totals.read += stream.read;
    totals.events += stream.events;
    totals.stored += stream.stored_events;
    totals.waiting += waiting(stream);
    totals.lagSeconds = Math.max(totals.lagSeconds, stream.lag.seconds);
    totals.leftOut += leftOut(stream);
    totals.faults += faults(stream);
    totals.rejected += stream.rejected;
    totals.gaps += stream.gaps;
    // RFC 3339 in UTC with the same number of digits: the order of the text is that of time.
    if (stream.updated > totals.updated) totals.updated = stream.updated;
  }
  return totals;
}

/** Readers commit now and then, so that they are always a little behind; only this much is worth a word. */
export const BEHIND_BYTES = 64_000_000;

/** What somebody should see at once, and what is good to know. */
export function partedFindings(findings: readonly Finding[]): {
  urgent: Finding[];
  notes: Finding[];
} {
  return {
    urgent: findings.filter(({ tone }) => tone !== 'note'),
    notes: findings.filter(({ tone }) => tone === 'note'),
  };
}

const RANK: Record<DeliveryHost['state'], number> = {
  silent: 0,
  stopped: 1,
  reporting: 2,
  unknown: 3,
};

/** Hosts that report or should, those in trouble first. */
export function hostsOf(hosts: readonly DeliveryHost[]): DeliveryHost[] {
  const rank = (host: DeliveryHost) =>
    RANK[host.state] * 2 + (host.spool?.full || host.lag.seconds >= LAGGING_SECONDS ? 0 : 1);
  const name = (host: DeliveryHost) => host.host ?? host.agent;
  return hosts
    .filter((host) => host.state !== 'unknown')
    .toSorted((a, b) => rank(a) - rank(b) || (name(a) < name(b) ? -1 : 1));
}
