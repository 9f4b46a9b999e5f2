import { describe, expect, it } from 'vitest';
import type { AlertDetail, AlertInfo } from '@/api/types';
import { changed, changedDetail, closeNote, isPossible } from './alert-change';

const by = { who: 'anna', at: '2026-11-22T08:00:00Z' };
const open: AlertInfo = {
  id: 7,
  state: 'open',
  level: 'high',
  rule: 'SSH brute force',
  count: 3,
  first: '2026-11-22T07:00:00Z',
  last: '2026-11-22T07:10:00Z',
  message: 'SSH brute force',
  score: 60,
};

describe('changed', () => {
  it('closes with a reason, and opening again forgets it', () => {
    const closed = changed(open, { kind: 'close', ids: [7], reason: 'expected' }, by);
    expect(closed).toMatchObject({ state: 'closed', closed_by: 'anna', close_reason: 'expected' });
    const again = changed(closed, { kind: 'reopen', ids: [7], note: 'not after all' }, by);
    expect(again).toEqual({ ...open, note: 'not after all' });
  });

  it('leaves alone what it is not about', () => {
    expect(changed(open, { kind: 'close', ids: [8], reason: 'other' }, by)).toBe(open);
    expect(changed(open, { kind: 'reopen', ids: [7] }, by)).toBe(open);
    const assigned = changed(open, { kind: 'assign', ids: [7], to: 'boris' }, by);
    expect(assigned.assignee).toBe('boris');
    expect(changed(assigned, { kind: 'assign', ids: [7], to: 'boris' }, by)).toBe(assigned);
    expect(changed(assigned, { kind: 'assign', ids: [7], to: '' }, by).assignee).toBeUndefined();
  });
});

describe('changedDetail', () => {
  const detail: AlertDetail = {
    alert: open,
    seven: { when: open.first },
    events: [],
    messages: [],
    history: [],
  };

  it('adds to the history as the server will', () => {
    const note = 'our own scanner';
    const { history } = changedDetail(
      detail,
      { kind: 'close', ids: [7], reason: 'expected', note },
      by,
    );
    const [entry] = history;
    expect(entry).toEqual({
      time: by.at,
      author: 'anna',
      action: 'closed',
      note: 'expected: our own scanner',
    });
    expect(closeNote(entry?.note ?? '')).toEqual({ reason: 'expected', text: note });
    expect(changedDetail(detail, { kind: 'reopen', ids: [7] }, by)).toBe(detail);
  });
});

describe('closeNote', () => {
  it('takes only words it knows for a reason', () => {
    expect(closeNote('resolved')).toEqual({ reason: 'resolved', text: '' });
    expect(closeNote('resolvedly: done')).toEqual({ text: 'resolvedly: done' });
    expect(closeNote('')).toEqual({ text: '' });
  });
});

describe('isPossible', () => {
  it('is what the state allows', () => {
    expect(isPossible('acknowledge', [open])).toBe(true);
    expect(isPossible('reopen', [open])).toBe(false);
    expect(isPossible('close', [open, { ...open, state: 'closed' }])).toBe(true);
    expect(isPossible('comment', [])).toBe(false);
  });
});
