import type { Delivery, Skip, StreamState } from '@/api/types';

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

/** Arrived, not searchable yet. */
export function waiting(stream: StreamState): number {
  return Math.max(stream.events - stream.stored_events, 0);
}

export function isTrouble(stream: StreamState): boolean {
  return stream.gaps > 0 || stream.rejected > 0 || faults(stream) > 0;
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
  leftOut: number;
  faults: number;
  rejected: number;
  gaps: number;
  /** Records in declared losses, where their number is known. */
  lostRecords: number;
  updated: string;
}

export function totalsOf(streams: readonly StreamState[]): Totals {
  const totals: Totals = {
    streams: streams.length,
    read: 0,
    events: 0,
    stored: 0,
    waiting: 0,
    leftOut: 0,
    faults: 0,
    rejected: 0,
    gaps: 0,
    lostRecords: 0,
    updated: '',
  };
  for (const stream of streams) {
    totals.read += stream.read;
    totals.events += stream.events;
    totals.stored += stream.stored_events;
    totals.waiting += waiting(stream);
    totals.leftOut += leftOut(stream);
    totals.faults += faults(stream);
    totals.rejected += stream.rejected;
    totals.gaps += stream.gaps;
    for (const skip of stream.skips) if (isLoss(skip)) totals.lostRecords += skip.records;
    // RFC 3339 in UTC with the same number of digits: the order of the text is that of time.
    if (stream.updated > totals.updated) totals.updated = stream.updated;
  }
  return totals;
}

/** What is to be said about delivery as a whole, the worst first. The words are in the texts. */
export type Finding =
  | { kind: 'damage'; sentence: string }
  | { kind: 'stopped'; reader: string; error: string }
  | { kind: 'gaps'; count: number; records: number }
  | { kind: 'rejected'; count: number }
  | { kind: 'faults'; count: number }
  | { kind: 'behind'; reader: string; bytes: number }
  | { kind: 'waiting'; count: number };

/** Readers commit now and then, so that they are always a little behind; only this much is worth a word. */
export const BEHIND_BYTES = 64_000_000;

export function findingsOf(report: Delivery): Finding[] {
  const totals = totalsOf(report.streams);
  const findings: Finding[] = report.damage.map((sentence) => ({ kind: 'damage', sentence }));
  for (const { reader, error } of report.readers) {
    if (error) findings.push({ kind: 'stopped', reader, error });
  }
  const { gaps, lostRecords, rejected } = totals;
  if (gaps > 0) findings.push({ kind: 'gaps', count: gaps, records: lostRecords });
  if (rejected > 0) findings.push({ kind: 'rejected', count: rejected });
  if (totals.faults > 0) findings.push({ kind: 'faults', count: totals.faults });
  for (const { reader, error, behind_bytes: bytes } of report.readers) {
    if (!error && bytes >= BEHIND_BYTES) findings.push({ kind: 'behind', reader, bytes });
  }
  if (totals.waiting > 0) findings.push({ kind: 'waiting', count: totals.waiting });
  return findings;
}

export type Verdict = 'none' | 'whole' | 'arriving' | 'behind' | 'lost';

/** The state in one word: `arriving` is the normal moment between receipt and store. */
export function verdictOf(report: Delivery, findings = findingsOf(report)): Verdict {
  const kinds = new Set(findings.map((finding) => finding.kind));
  if (kinds.has('damage') || kinds.has('gaps') || kinds.has('rejected') || kinds.has('faults')) {
    return 'lost';
  }
  if (kinds.has('stopped') || kinds.has('behind')) return 'behind';
  if (kinds.has('waiting')) return 'arriving';
  return report.streams.length === 0 ? 'none' : 'whole';
}
