import { describe, expect, it } from 'vitest';
import { ApiError } from '@/api/client';
import { matchesWords } from '@/lib/match';
import { cellText, clampWidth, tracksOf, wideColumn } from './columns';
import { withQuery } from './history';
import { shedOf } from './live';
import { mistakeIn } from './mistake';
import { Row } from './row';
import { columnsOf } from './use-view';

describe('columns', () => {
  it('come from the address without harm', () => {
    expect(columnsOf('host.name,source,host.name,,message')).toEqual([
      'host.name',
      'source',
      'message',
    ]);
    expect(columnsOf('')).toBeUndefined();
    expect(columnsOf(','.repeat(50))).toBeUndefined();
    expect(columnsOf(Array.from({ length: 99 }, (_, i) => `f${i}`).join(','))).toHaveLength(20);
  });

  it('share the room', () => {
    expect(wideColumn(['message', 'a'])).toBe('message');
    expect(wideColumn(['a', 'b'])).toBe('b');
    expect(tracksOf(['host.name', 'message'], { 'host.name': 200 })).toBe(
      '3px 156px 200px minmax(280px, 1fr)',
    );
    expect([clampWidth(1), clampWidth(1e9)]).toEqual([60, 900]);
    expect(cellText({ process: { name: 'x'.repeat(1000) } }, 'source')).toHaveLength(300);
  });
});

describe('mistakes', () => {
  it('are found by bytes', () => {
    const error = new ApiError('bad_query', 'x', 400, { at: 13, len: 1 });
    expect(mistakeIn('ошибка (', error)).toEqual({ from: 7, to: 8 });
    expect(mistakeIn('a', new ApiError('bad_query', 'x', 400))).toBeUndefined();
    expect(mistakeIn('a', new ApiError('timeout', 'x', 504, { at: 0, len: 1 }))).toBeUndefined();
  });
});

describe('live', () => {
  it('knows what was left out', () => {
    expect(shedOf('{"message":"","watchpost":{"shed":12}}')).toBe(12);
    expect(shedOf('{"message":"\\"shed\\": 1"}')).toBeUndefined();
    expect(shedOf('{"message":"\\"shed\\":1"')).toBeUndefined();
    expect(shedOf('{"shed":5}')).toBeUndefined();
    expect(shedOf('{"agent":{"id":"web-1"},"watchpost":{"shed":5}}')).toBeUndefined();
  });
});

describe('history', () => {
  it('keeps the last searches once', () => {
    expect(withQuery(['a', 'b'], 'b')).toEqual(['b', 'a']);
    expect(withQuery(['a'], '')).toEqual(['a']);
    const many = Array.from({ length: 50 }, (_, i) => `q${i}`);
    expect(withQuery(many, 'new')).toHaveLength(50);
  });
});

describe('rows', () => {
  it('are parsed when looked at', () => {
    const row = new Row('{"message":"x"}', 1);
    expect(row.event).toBe(row.event);
    expect(new Row('{broken', 2).event).toEqual({ message: '{broken' });
  });
});

describe('matchesWords', () => {
  it('takes words in any order', () => {
    expect(matchesWords('dar the', 'Theme: Dark')).toBe(true);
    expect(matchesWords('', 'x')).toBe(true);
    expect(matchesWords('dark light', 'Theme: Dark')).toBe(false);
  });
});
