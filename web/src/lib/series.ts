import type { Json, TableAnswer } from '@/api/types';

/** More lines than these cannot be told apart. */
export const LINES_MAX = 6;

/** Lines over time, for a table whose rows are intervals. */
export interface Lines {
  /** Seconds since 1970, rising. */
  x: number[];
  lines: { name: string; y: (number | null)[] }[];
}

export function textOf(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * One line for each value, or one for each group of the first value: those with the most in all. Undefined when
 * the table is not over time.
 */
export function linesOf(table: TableAnswer): Lines | undefined {
  const places = (role: string) =>
    table.columns.flatMap((column, at) => (column.role === role ? [at] : []));
  const [time] = places('time');
  const values = places('value');
  const groups = places('group');
  const [first] = values;
  if (time === undefined || first === undefined) return undefined;
  const moments = new Map<string, number>();
  for (const row of table.rows) {
    const at = Date.parse(textOf(row[time]));
    if (!Number.isNaN(at)) moments.set(textOf(row[time]), at / 1000);
  }
  const x = [...new Set(moments.values())].sort((a, b) => a - b);
  const place = new Map(x.map((second, at) => [second, at]));
  const lines = new Map<string, (number | null)[]>();
  const put = (name: string, second: number | undefined, value: Json | undefined) => {
    const at = second === undefined ? undefined : place.get(second);
    if (at === undefined || typeof value !== 'number') return;
    const line = lines.get(name) ?? x.map(() => null);
    line[at] = value;
    lines.set(name, line);
  };
  for (const row of table.rows) {
    const second = moments.get(textOf(row[time]));
    if (groups.length > 0) {
      put(groups.map((at) => textOf(row[at]) || '–').join(', '), second, row[first]);
    } else for (const at of values) put(table.columns[at]?.name ?? '', second, row[at]);
  }
  const total = (y: (number | null)[]) => y.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  const all = [...lines].map(([name, y]) => ({ name, y }));
  if (groups.length > 0) all.sort((a, b) => total(b.y) - total(a.y));
  return { x, lines: all.slice(0, LINES_MAX) };
}

/** The share of the largest number of a column that each row's first value is, 0 to 1. */
export function barsOf(table: TableAnswer): { column: number; shares: number[] } | undefined {
  const column = table.columns.findIndex(({ role }) => role === 'value');
  if (column < 0 || table.columns.some(({ role }) => role === 'time')) return undefined;
  const numbers = table.rows.map((row) => {
    const value = row[column];
    return typeof value === 'number' && value > 0 ? value : 0;
  });
  const most = numbers.reduce((a, b) => Math.max(a, b), 0);
  if (most === 0 || table.rows.length < 2) return undefined;
  return { column, shares: numbers.map((number) => number / most) };
}
