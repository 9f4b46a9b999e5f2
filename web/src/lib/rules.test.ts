import { describe, expect, it } from 'vitest';
import type { RuleInfo } from '@/api/types';
import {
  costParts,
  detectionsOf,
  fileOf,
  foundOf,
  nextSort,
  originCounts,
  originOf,
  rulesShown,
  sortOf,
  sortText,
} from './rules';

const rule = (title: string, more: Partial<RuleInfo> = {}): RuleInfo => ({
  id: title.toLowerCase().replaceAll(' ', '-'),
  title,
  level: 'medium',
  tags: [],
  file: 'builtin:linux/some',
  key: title.toLowerCase().replaceAll(' ', '-'),
  origin: 'builtin',
  enabled: true,
  exceptions: 0,
  hits: 0,
  excepted: 0,
  detections: 0,
  ...more,
});

const RULES = [
  rule('Shadow read', { level: 'high', tags: ['attack.t1003.008', 'attack.credential-access'] }),
  rule('Backup ran', { level: 'informational', file: '/etc/watchpost/rules/backup.yml' }),
  rule('Unwanted tool', { level: 'critical', tags: ['attack.t1046'] }),
  rule('add user'),
];
const ALL = { words: '', origin: 'all' } as const;
const titles = (rules: readonly RuleInfo[]) => rules.map(({ title }) => title);
const shown = (filter: Parameters<typeof rulesShown>[1], sort = sortOf(undefined)) =>
  titles(rulesShown(RULES, filter, sort, undefined));

describe('rules are found', () => {
  it('by title, technique, tactic, file and id', () => {
    expect(shown({ ...ALL, words: 'tool UNWANTED' })).toEqual(['Unwanted tool']);
    expect(shown({ ...ALL, words: 't1003' })).toEqual(['Shadow read']);
    expect(shown({ ...ALL, words: 'credential access' })).toEqual(['Shadow read']);
    expect(shown({ ...ALL, words: 'backup.yml' })).toEqual(['Backup ran']);
    expect(shown({ ...ALL, words: 'add-user' })).toEqual(['add user']);
    expect(shown({ ...ALL, words: 'nothing such' })).toEqual([]);
  });

  it('by least level and by where they are from', () => {
    expect(shown({ ...ALL, least: 'high' })).toEqual(['Shadow read', 'Unwanted tool']);
    expect(shown({ ...ALL, origin: 'own' })).toEqual(['Backup ran']);
    expect(shown({ ...ALL, origin: 'builtin', least: 'critical' })).toEqual(['Unwanted tool']);
    expect(originCounts(RULES, { ...ALL, origin: 'own', least: 'medium' })).toEqual({
      all: 3,
      builtin: 3,
      own: 0,
    });
    expect([originOf('own'), originOf('all'), originOf('else')]).toEqual(['own', 'all', 'all']);
  });
});

describe('rules are in order', () => {
  it('of title, whatever its case, or of another column', () => {
    expect(shown(ALL)).toEqual(['add user', 'Backup ran', 'Shadow read', 'Unwanted tool']);
    expect(shown(ALL, sortOf('-level'))).toEqual([
      'Unwanted tool',
      'Shadow read',
      'add user',
      'Backup ran',
    ]);
    expect(shown(ALL, sortOf('file'))[0]).toBe('Backup ran');
  });

  it('of what they found', () => {
    const found = foundOf({
      total: 9,
      groups: [
        { key: ['backup-ran'], count: 7 },
        { key: ['add-user'], count: 2 },
        { key: [null], count: 1 },
      ],
      other: 0,
    });
    expect([...found]).toEqual([
      ['backup-ran', 7],
      ['add-user', 2],
    ]);
    const sorted = rulesShown(RULES, ALL, sortOf('-found'), found);
    expect(titles(sorted)).toEqual(['Backup ran', 'add user', 'Shadow read', 'Unwanted tool']);
  });

  it('that the address can say', () => {
    expect(sortText(sortOf('-found'))).toBe('-found');
    expect(sortText(sortOf('title'))).toBeUndefined();
    expect(sortText(sortOf('tags'))).toBeUndefined();
    const first = nextSort(sortOf(undefined), 'level');
    expect(first).toEqual({ column: 'level', down: true });
    expect(nextSort(first, 'level').down).toBe(false);
    expect(nextSort(first, 'file').down).toBe(false);
  });
});

it('searches for what a rule found, also where it has no id', () => {
  const id = '46dec94a-0c1c-47ff-b079-0204a4d7aadf';
  expect(detectionsOf({ id, title: 'x' })).toContain(id);
  expect(detectionsOf({ title: 'Two "odd" words' })).toBe(
    'event.kind:alert rule.id:"Two \\"odd\\" words"',
  );
  expect(fileOf({ file: 'builtin:linux/ssh' })).toBe('linux/ssh');
  expect(fileOf({ file: '/etc/rules/own.yml' })).toBe('/etc/rules/own.yml');
});

describe('what a rule costs', () => {
  it('is said in a unit that people can read', () => {
    expect([undefined, 0, 940, 12_345, 3_000_000].map((ns) => costParts(ns))).toEqual([
      undefined,
      { value: 0, unit: 'ns' },
      { value: 940, unit: 'ns' },
      { value: 12.3, unit: 'us' },
      { value: 3, unit: 'ms' },
    ]);
  });

  it('and how often it matched put rules in order', () => {
    const some = [
      rule('a', { hits: 3, cost_ns: 5 }),
      rule('b', { hits: 9 }),
      rule('c', { hits: 1, cost_ns: 70 }),
    ];
    const by = (text: string) => titles(rulesShown(some, ALL, sortOf(text), undefined));
    expect([by('-hits'), by('-cost')]).toEqual([
      ['b', 'a', 'c'],
      ['c', 'a', 'b'],
    ]);
    expect(nextSort(sortOf(undefined), 'cost')).toEqual({ column: 'cost', down: true });
  });
});
