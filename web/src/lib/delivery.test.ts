import { describe, expect, it } from 'vitest';
import type { Delivery, StreamState } from '@/api/types';
import { findingsOf, isTrouble, totalsOf, verdictOf, waiting } from './delivery';
import { groupsOf, nextSort, rowsOf, sortOf, sortText } from './delivery-view';

const stream = (change: Partial<StreamState> = {}): StreamState => ({
  agent: 'web-1',
  stream: 'file:/var/log/a.log',
  epoch: '01',
  cursor: 10,
  stored: 10,
  read: 10,
  events: 10,
  stored_events: 10,
  dropped: {},
  rejected: 0,
  skips: [],
  gaps: 0,
  updated: '2026-11-21T12:00:00.000000000Z',
  ended: false,
  ...change,
});

const report = (change: Partial<Delivery> = {}): Delivery => ({
  at: '2026-11-21T12:00:00Z',
  streams: [stream()],
  readers: [{ reader: 'store', behind_bytes: 0 }],
  damage: [],
  ...change,
});

describe('verdictOf', () => {
  it('is whole, or has no streams yet', () => {
    expect(verdictOf(report())).toBe('whole');
    expect(verdictOf(report({ streams: [] }))).toBe('none');
  });
  it('takes what waits for normal and what stands still not', () => {
    expect(verdictOf(report({ streams: [stream({ stored_events: 8 })] }))).toBe('arriving');
    const readers = [{ reader: 'store', behind_bytes: 77, error: 'disk full' }];
    expect(verdictOf(report({ readers }))).toBe('behind');
    expect(verdictOf(report({ readers: [{ reader: 'store', behind_bytes: 5e9 }] }))).toBe('behind');
    expect(verdictOf(report({ readers: [{ reader: 'store', behind_bytes: 900 }] }))).toBe('whole');
  });
  it('is lost by a gap, damage, what cannot be read and faults', () => {
    expect(verdictOf(report({ streams: [stream({ gaps: 1 })] }))).toBe('lost');
    expect(verdictOf(report({ streams: [stream({ rejected: 1 })] }))).toBe('lost');
    expect(verdictOf(report({ streams: [stream({ dropped: { 'queue-full': 1 } })] }))).toBe('lost');
    expect(verdictOf(report({ damage: ['a file is torn'] }))).toBe('lost');
  });
  it('takes filters and the beginning for what was wanted', () => {
    const skips = [{ from: 0, to: 9, reason: 'before-start', records: 0 }];
    const quiet = stream({ dropped: { filter: 5, empty: 3 }, skips });
    expect(verdictOf(report({ streams: [quiet] }))).toBe('whole');
    expect(isTrouble(quiet)).toBe(false);
  });
});

describe('findingsOf', () => {
  it('says the worst first, with how many records where that is known', () => {
    const skips = [
      { from: 0, to: 3, reason: 'before-start', records: 9 },
      { from: 3, to: 5, reason: 'spool-full', records: 2 },
    ];
    const findings = findingsOf(
      report({ damage: ['torn'], streams: [stream({ gaps: 1, skips, stored_events: 7 })] }),
    );
    expect(findings).toEqual([
      { kind: 'damage', sentence: 'torn' },
      { kind: 'gaps', count: 1, records: 2 },
      { kind: 'waiting', count: 3 },
    ]);
  });
});

describe('totals', () => {
  it('add up, and waiting is never negative', () => {
    const later = '2026-11-21T12:00:01.000000000Z';
    const totals = totalsOf([stream(), stream({ dropped: { filter: 2 }, updated: later })]);
    expect(totals).toMatchObject({ streams: 2, read: 20, leftOut: 2, faults: 0, updated: later });
    expect(waiting(stream({ events: 5, stored_events: 9 }))).toBe(0);
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
