import { describe, expect, it } from 'vitest';
import type { DeliveryHost, Finding, StreamState } from '@/api/types';
import { hostsOf, isTrouble, partedFindings, totalsOf } from './delivery';
import { groupsOf, nextSort, rowsOf, sortOf, sortText } from './delivery-view';

const stream = (change: Partial<StreamState> = {}): StreamState => ({
  agent: 'web-1',
  stream: 'file:/var/log/a.log',
  epoch: '01',
  cursor: 10,
  stored: 10,
  lag: { records: 0, seconds: 0 },
  read: 10,
  events: 10,
  stored_events: 10,
  dropped: {},
  rejected: 0,
  overlong: { records: 0, omitted: 0 },
  duplicates: 0,
  duplicates_at_readers: 0,
  conflicts: 0,
  unwatched: [],
  skips: [],
  gaps: 0,
  updated: '2026-11-21T12:00:00.000000000Z',
  ended: false,
  ...change,
});

const finding = (change: Partial<Finding> = {}): Finding => ({
  kind: 'gap',
  tone: 'bad',
  what: 'A gap.',
  remedy: 'Look.',
  count: 1,
  records: 0,
  bytes: 0,
  seconds: 0,
  ...change,
});

describe('isTrouble', () => {
  it('is a gap, a fault, silence, a conflict, or waiting for long', () => {
    const troubled: Partial<StreamState>[] = [
      { gaps: 1 },
      { rejected: 1 },
      { dropped: { 'queue-full': 1 } },
      { conflicts: 1 },
      { silent_since: '2026-11-21T12:00:00Z' },
      { lag: { records: 4, seconds: 60 } },
    ];
    for (const change of troubled) expect(isTrouble(stream(change))).toBe(true);
  });
  it('takes filters, the beginning and a moment of waiting for what was wanted', () => {
    const skips = [{ from: 0, to: 9, reason: 'before-start', records: 0 }];
    const lag = { records: 9, seconds: 59 };
    const quiet = stream({ dropped: { filter: 5, empty: 3 }, skips, lag, duplicates: 4 });
    expect(isTrouble(quiet)).toBe(false);
  });
});

describe('partedFindings', () => {
  it('keeps what is good to know apart from what is urgent', () => {
    const findings = [
      finding(),
      finding({ kind: 'lagging', tone: 'warn' }),
      finding({ kind: 'duplicates', tone: 'note' }),
    ];
    const { urgent, notes } = partedFindings(findings);
    expect(urgent.map(({ kind }) => kind)).toEqual(['gap', 'lagging']);
    expect(notes.map(({ kind }) => kind)).toEqual(['duplicates']);
  });
});

describe('hostsOf', () => {
  const host = (agent: string, change: Partial<DeliveryHost> = {}): DeliveryHost => ({
    agent,
    state: 'reporting',
    lag: { records: 0, seconds: 0 },
    sources: [],
    streams_left_out: 0,
    ...change,
  });
  it('shows those in trouble first and those that never reported not at all', () => {
    const hosts = [
      host('a'),
      host('b', { state: 'unknown' }),
      host('c', { lag: { records: 3, seconds: 600 } }),
      host('d', { state: 'silent' }),
      host('e', { host: 'Aa' }),
    ];
    expect(hostsOf(hosts).map(({ agent }) => agent)).toEqual(['d', 'c', 'e', 'a']);
  });
});

describe('totals', () => {
  it('add up, and the age is that of the oldest', () => {
    const later = '2026-11-21T12:00:01.000000000Z';
    const totals = totalsOf([stream(), stream({ dropped: { filter: 2 }, updated: later })]);
    expect(totals).toMatchObject({ streams: 2, read: 20, leftOut: 2, faults: 0, updated: later });
    const lags = [
      stream({ lag: { records: 2, seconds: 9 } }),
      stream({ lag: { records: 3, seconds: 4 } }),
    ];
    expect(totalsOf(lags)).toMatchObject({ waiting: 5, lagSeconds: 9 });
  });
});

describe('the table', () => {
  const streams = [
    stream({ stream: 'b', read: 1 }),
    stream({ stream: 'a', read: 5 }),
    stream({ agent: '@server', stream: 'detect' }),
    stream({ agent: 'db-1', stream: 'journal', gaps: 2 }),
  ];
  const names = new Map([['web-1', 'aaa']]);
  const sort = sortOf(undefined);

  it('groups by host, the own stream last', () => {
    const groups = groupsOf(streams, names, { sort });
    expect(groups.map((group) => group.agent)).toEqual(['web-1', 'db-1', '@server']);
    expect(groups[0]?.streams.map((one) => one.stream)).toEqual(['a', 'b']);
  });
  it('sorts within the host', () => {
    const groups = groupsOf(streams, names, { sort: sortOf('read') });
    expect(groups[0]?.streams.map((one) => one.stream)).toEqual(['b', 'a']);
  });
  it('finds by words of host and stream, and shows trouble alone', () => {
    expect(groupsOf(streams, names, { sort, words: 'AAA b ' })).toHaveLength(1);
    expect(groupsOf(streams, names, { sort, trouble: true })[0]?.agent).toBe('db-1');
    expect(groupsOf(streams, names, { sort, agent: 'web-1' })).toHaveLength(1);
  });
  it('is one list of rows with what is folded and what is open', () => {
    const groups = groupsOf(streams, names, { sort });
    const rows = rowsOf(groups, new Set(['web-1']), 'db-1/01/journal');
    expect(rows.map((row) => row.kind)).toEqual([
      'group',
      'group',
      'stream',
      'detail',
      'group',
      'stream',
    ]);
  });
  it('reads and writes its order', () => {
    expect(sortOf('-gaps')).toEqual({ column: 'gaps', down: true });
    expect(sortOf('-nonsense')).toEqual({ column: 'stream', down: false });
    expect(sortText({ column: 'gaps', down: true })).toBe('-gaps');
    expect(sortText({ column: 'stream', down: false })).toBeUndefined();
    expect(nextSort(sort, 'gaps')).toEqual({ column: 'gaps', down: true });
    expect(nextSort({ column: 'gaps', down: true }, 'gaps').down).toBe(false);
  });
});
