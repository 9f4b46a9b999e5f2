import { describe, expect, it } from 'vitest';
import type { AlertInfo, Event, SilenceInfo } from '@/api/types';
import { hasFilter, removeFilter } from './query';
import { queryOf, standingOf, termsOf, untilOf, withTerm } from './silence';

function alertOf(event: Event, message = 'SSH login: Accepted key'): AlertInfo {
  return {
    id: 1,
    state: 'open',
    level: 'medium',
    rule: 'SSH login',
    count: 1,
    first: '2026-11-22T08:00:00Z',
    last: '2026-11-22T08:00:00Z',
    message,
    score: 40,
    event,
  };
}

const login: Event = {
  rule: { id: '0b51-7' },
  host: { name: 'web-1' },
  user: { name: 'anna b' },
  source: { ip: '192.0.2.14' },
};

describe('termsOf', () => {
  it('offers what the alert is about, and takes its story', () => {
    const terms = termsOf([alertOf(login)]);
    expect(terms.map(({ filter, own }) => [filter.field, own])).toEqual([
      ['rule.id', true],
      ['host.name', true],
      ['user.name', true],
      ['source.ip', false],
    ]);
    expect(queryOf(terms)).toBe('rule.id:"0b51-7" host.name:web-1 user.name:"anna b"');
  });

  it('takes of a correlation what it counted by', () => {
    const burst = { ...login, watchpost: { alert: { count: 6 } } };
    const message = 'SSH brute force: 6 within 1m, source.ip 192.0.2.14: Failed password';
    expect(queryOf(termsOf([alertOf(burst, message)]))).toBe(
      'rule.id:"0b51-7" source.ip:192.0.2.14',
    );
  });

  it('takes of several alerts what they have in common', () => {
    const other = { ...login, host: { name: 'web-2' } };
    expect(queryOf(termsOf([alertOf(login), alertOf(other)]))).toBe(
      'rule.id:"0b51-7" user.name:"anna b"',
    );
    expect(termsOf([])).toEqual([]);
  });

  it('goes by the name of a rule without an id', () => {
    expect(queryOf(termsOf([alertOf({})]))).toBe('rule.name:"SSH login"');
  });
});

describe('withTerm', () => {
  const [, host, user] = termsOf([alertOf(login)]);
  if (!host || !user) throw new Error('too few terms');

  it('writes into a query and takes out again, and leaves the rest', () => {
    const query = 'log.level:error  host.name:web-1';
    expect(withTerm(query, user, true)).toBe(`${query} user.name:"anna b"`);
    expect(withTerm(query, host, true)).toBe(query);
    expect(withTerm(query, host, false)).toBe('log.level:error');
    expect(withTerm('', host, false)).toBe('');
    expect(withTerm('a OR b', host, true)).toBe('(a OR b) host.name:web-1');
  });

  it('is ticked by what is typed', () => {
    expect(hasFilter('error host.name:web-1', host.filter)).toBe(true);
    expect(hasFilter('error -host.name:web-1', host.filter)).toBe(false);
    expect(hasFilter('error (host.name:web-1 OR b)', host.filter)).toBe(false);
    expect(hasFilter('host.name:web-12', host.filter)).toBe(false);
  });
});

describe('removeFilter', () => {
  const filter = { field: 'a', value: 'x', negate: false };

  it('leaves no operator behind', () => {
    for (const [before, after] of [
      ['a:x AND b', 'b'],
      ['b AND a:x', 'b'],
      ['b OR a:x OR c', 'b OR c'],
      ['a:x b', 'b'],
      ['-a:x b', '-a:x b'],
      ['a:x AND b:y OR c', 'b:y OR c'],
    ] as const) {
      expect(removeFilter(before, filter)).toBe(after);
    }
  });
});

describe('standingOf', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const silence: SilenceInfo = {
    when: '*',
    reason: 'drill',
    active: false,
    from: '2026-11-22T11:00:00Z',
    until: '2026-11-22T13:00:00Z',
  };

  it('tells what is in force from what waits and what is over', () => {
    expect(standingOf({ ...silence, active: true }, now)).toBe('active');
    expect(standingOf(silence, now)).toBe('waits');
    expect(standingOf({ ...silence, from: '2026-11-23T11:00:00Z' }, now)).toBe('future');
    expect(standingOf({ ...silence, until: '2026-11-22T11:30:00Z' }, now)).toBe('over');
    expect(standingOf({ ...silence, ended: '2026-11-22T11:30:00Z' }, now)).toBe('ended');
    expect(standingOf({ when: '*', reason: '', active: false }, now)).toBe('waits');
  });
});

describe('untilOf', () => {
  it('counts from now', () => {
    expect(untilOf('15m', 1000)).toBe(901_000);
    expect(untilOf('1w', 0)).toBe(604_800_000);
  });
});
