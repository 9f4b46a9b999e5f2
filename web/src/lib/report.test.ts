import { describe, expect, it } from 'vitest';
import type { DeliveryHost } from '@/api/types';
import { hostNames, midnight, neighbour, periodText, spanOfPeriod, spanOfTyped } from './report';

const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString();

describe('the time of a report', () => {
  it('is yesterday from midnight to midnight', () => {
    const span = spanOfPeriod('yesterday', at('2026-11-01T08:30:00Z'), 'utc');
    expect(span).toEqual({ from: at('2026-10-31T00:00:00Z'), to: at('2026-11-01T00:00:00Z') });
  });

  it('is a number of days back from this minute', () => {
    const now = at('2026-11-22T08:44:47.123Z');
    const week = spanOfPeriod('week', now, 'utc');
    expect([iso(week.from), iso(week.to)]).toEqual([
      '2026-11-15T08:44:00.000Z',
      '2026-11-22T08:44:00.000Z',
    ]);
    expect(iso(spanOfPeriod('month', now, 'utc').from)).toBe('2026-10-23T08:44:00.000Z');
  });

  it('counts days of the calendar, not hours', () => {
    const noon = new Date(2026, 2, 29, 12).getTime();
    const before = new Date(midnight(noon, -1, 'local'));
    expect([before.getDate(), before.getHours()]).toEqual([28, 0]);
  });

  it('is read as it was typed', () => {
    expect(spanOfTyped('2026-11-01', '2026-11-02 06:30', 'utc')).toEqual({
      span: { from: at('2026-11-01T00:00:00Z'), to: at('2026-11-02T06:30:00Z') },
    });
    expect(spanOfTyped('soon', '2026-11-02', 'utc')).toEqual({ wrong: 'from', why: 'unreadable' });
    expect(spanOfTyped('2026-11-01', '', 'utc')).toEqual({ wrong: 'to', why: 'unreadable' });
    expect(spanOfTyped('2026-11-02', '2026-11-02', 'utc')).toEqual({ wrong: 'to', why: 'order' });
    expect(spanOfTyped('2026-01-01', '2026-11-02', 'utc')).toEqual({
      wrong: 'from',
      why: 'length',
    });
  });

  it('is told in days where it is of whole days', () => {
    const text = (from: string, to: string) => periodText({ from, to }, 'utc');
    expect(text('2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z')).toBe('2026-11-21');
    expect(text('2026-11-15T00:00:00Z', '2026-11-22T00:00:00Z')).toBe('2026-11-15 – 2026-11-21');
    expect(text('2026-11-21T10:00:00Z', '2026-11-21T12:30:00Z')).toBe('2026-11-21 10:00 – 12:30');
    expect(text('never', '2026-11-21T12:30:00Z')).toBe('never – 2026-11-21T12:30:00Z');
  });
});

it('offers every host once, and none whose name hides something', () => {
  const host = (agent: string, name?: string) => ({ agent, host: name }) as DeliveryHost;
  const hosts = [
    host('agent-2', 'web-2'),
    host('agent-1', 'web-1'),
    host('agent-3', 'web-1'),
    host('bare'),
    host('@server', 'watch-1'),
    host('agent-4', 'web\u202e1'),
  ];
  expect(hostNames(hosts)).toEqual(['bare', 'web-1', 'web-2']);
});

it('goes from report to report', () => {
  const reports = [{ id: 9 }, { id: 7 }, { id: 4 }];
  expect(neighbour(reports, undefined, 1)).toBe(9);
  expect(neighbour(reports, 9, 1)).toBe(7);
  expect(neighbour(reports, 7, -1)).toBe(9);
  expect(neighbour(reports, 4, 1)).toBeUndefined();
  expect(neighbour([], undefined, -1)).toBeUndefined();
});
