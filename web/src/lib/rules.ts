import type { AlertLevel, Counted, RuleInfo } from '@/api/types';
import { LEVELS } from './alert';
import { matchesWords } from './match';
import { tagOf } from './mitre';
import { filterText } from './query';

export const ORIGINS = ['all', 'builtin', 'own'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Rules that come with the program have no file one could open. */
const BUILTIN = 'builtin:';

export function isBuiltin({ file }: Pick<RuleInfo, 'file'>): boolean {
  return file.startsWith(BUILTIN);
}

/** The file without what the table says elsewhere. */
export function fileOf(rule: Pick<RuleInfo, 'file'>): string {
  return isBuiltin(rule) ? rule.file.slice(BUILTIN.length) : rule.file;
}

/** What its detections carry as `rule.id`: a rule without an id is known by its title. */
export function keyOf({ id, title }: Pick<RuleInfo, 'id' | 'title'>): string {
  return id ?? title;
}

/** A search for what a rule has found. */
export function detectionsOf(rule: Pick<RuleInfo, 'id' | 'title'>): string {
  return `event.kind:alert ${filterText({ field: 'rule.id', value: keyOf(rule), negate: false })}`;
}

/** How many detections every rule has, by its key; undefined while it is not known. */
export type Found = ReadonlyMap<string, number> | undefined;

export function foundOf(counted: Counted): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { key, count } of counted.groups) {
    const [id] = key;
    if (typeof id === 'string') found.set(id, count);
  }
  return found;
}

export const COLUMNS = ['level', 'title', 'techniques', 'file', 'hits', 'cost', 'found'] as const;
export type Column = Exclude<(typeof COLUMNS)[number], 'techniques'>;

export interface Sort {
  column: Column;
  down: boolean;
}

const SORTABLE: readonly Column[] = ['level', 'title', 'file', 'hits', 'cost', 'found'];
const DOWN_FIRST: readonly Column[] = ['level', 'hits', 'cost', 'found'];
const FIRST: Sort = { column: 'title', down: false };

export function isSortable(column: (typeof COLUMNS)[number]): column is Column {
  return column !== 'techniques';
}

/** `-found` is what was found most often first; what cannot be read is by title. */
export function sortOf(text: string | undefined): Sort {
  const down = text?.startsWith('-') ?? false;
  const column = SORTABLE.find((one) => one === (down ? text?.slice(1) : text));
  return column ? { column, down } : FIRST;
}

/** For the address; undefined for the order it has by itself. */
export function sortText({ column, down }: Sort): string | undefined {
  if (column === FIRST.column && down === FIRST.down) return undefined;
  return `${down ? '-' : ''}${column}`;
}

/** Another column begins with what matters: the worst and the most often found first. */
export function nextSort(sort: Sort, column: Column): Sort {
  if (sort.column === column) return { column, down: !sort.down };
  return { column, down: DOWN_FIRST.includes(column) };
}

export interface Filter {
  words: string;
  /** This level and above. */
  least?: AlertLevel;
  origin: Origin;
}

function matches(rule: RuleInfo, { words, least, origin }: Filter): boolean {
  if (origin !== 'all' && (origin === 'builtin') !== isBuiltin(rule)) return false;
  if (least && rank(rule.level) > rank(least)) return false;
  if (!words) return true;
  const tags = rule.tags.map((tag) => tagOf(tag).text);
  return matchesWords(words, [rule.title, ...tags, rule.file, rule.id ?? ''].join('\n'));
}

/** The worst is 0. */
function rank(level: AlertLevel): number {
  const at = LEVELS.indexOf(level);
  return at < 0 ? LEVELS.length : at;
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function compareBy(column: Column, found: Found) {
  const count = (rule: RuleInfo) => found?.get(keyOf(rule)) ?? 0;
  return (a: RuleInfo, b: RuleInfo): number => {
    if (column === 'level') return rank(b.level) - rank(a.level);
    if (column === 'file') return compareText(fileOf(a), fileOf(b));
    if (column === 'found') return count(a) - count(b);
    if (column === 'hits') return a.hits - b.hits;
    if (column === 'cost') return (a.cost_ns ?? -1) - (b.cost_ns ?? -1);
    return compareText(a.title.toLowerCase(), b.title.toLowerCase());
  };
}

/** What is to be seen of all rules, in order; what is equal stays in order of title. */
export function rulesShown(
  rules: readonly RuleInfo[],
  filter: Filter,
  sort: Sort,
  found: Found,
): RuleInfo[] {
  const compare = compareBy(sort.column, found);
  const sign = sort.down ? -1 : 1;
  return rules
    .filter((rule) => matches(rule, filter))
    .toSorted((a, b) => sign * compare(a, b) || compareText(a.title, b.title));
}

const UNITS = [
  ['ms', 1_000_000],
  ['us', 1_000],
] as const;

/** What a rule costs, in a unit of which there are few; undefined while it is not known. */
export function costParts(
  ns: number | undefined,
): { value: number; unit: 'ns' | 'us' | 'ms' } | undefined {
  if (ns === undefined) return undefined;
  const [unit, size] = UNITS.find(([, one]) => ns >= one) ?? (['ns', 1] as const);
  return { value: Math.round((ns / size) * 10) / 10, unit };
}

/** How many rules each origin would show, with the other filters as they are. */
export function originCounts(
  rules: readonly RuleInfo[],
  filter: Filter,
): Readonly<Record<Origin, number>> {
  const counts = { all: 0, builtin: 0, own: 0 };
  for (const rule of rules) {
    if (!matches(rule, { ...filter, origin: 'all' })) continue;
    counts.all += 1;
    counts[isBuiltin(rule) ? 'builtin' : 'own'] += 1;
  }
  return counts;
}

export function originOf(text: string | undefined): Origin {
  return ORIGINS.find((one) => one === text) ?? 'all';
}
