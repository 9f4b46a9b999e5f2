import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '@/api/types';
import { didOf, groupOf, placeOf, shownValue } from './audit';

const entry = (action: string, kind: string, id?: string): AuditEntry => ({
  id: 1,
  time: '2026-11-22T10:00:00Z',
  who: 'anna',
  kind: 'user',
  action,
  outcome: 'done',
  object: id === undefined ? { kind } : { kind, id },
  details: {},
});

describe('the audit log', () => {
  it('has words for what it knows and none for what is newer', () => {
    expect(didOf('rule.disable')).toBe('did.rule.disable');
    expect(didOf('galaxy.explode')).toBeUndefined();
    expect(didOf('toString')).toBeUndefined();
  });

  it('leads to what is still there', () => {
    expect(placeOf(entry('rule.disable', 'rule', 'r/1'))).toEqual({ to: '/rule', key: 'r/1' });
    expect(placeOf(entry('alert.close', 'alert', '17'))).toEqual({ to: '/alerts/$id', id: '17' });
    expect(placeOf(entry('rule.remove', 'rule', 'r/1'))).toBeUndefined();
    expect(placeOf(entry('login', 'user', '1'))).toBeUndefined();
    expect(placeOf(entry('alert.close', 'alert'))).toBeUndefined();
  });

  it('takes groups from the address that there are', () => {
    expect(groupOf('rule')).toBe('rule');
    expect(groupOf('constructor')).toBeUndefined();
    expect(groupOf(undefined)).toBeUndefined();
  });

  it('shows details in a line', () => {
    expect(shownValue(['url', 'token'])).toBe('url, token');
    expect(shownValue({ a: 1 })).toBe('{"a":1}');
    expect(shownValue(false)).toBe('false');
  });
});
