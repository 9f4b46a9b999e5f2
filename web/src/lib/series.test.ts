import { describe, expect, it } from 'vitest';
import type { ColumnRole, Json, TableAnswer } from '@/api/types';
import { barsOf, LINES_MAX, linesOf } from './series';

function table(columns: [string, ColumnRole][], rows: Json[][]): TableAnswer {
  return {
    columns: columns.map(([name, role]) => ({ name, role, estimated: false })),
    rows,
    events: [],
    more: false,
    cost: { examined: 0, blocks_read: 0, blocks_pruned: 0, bytes: 0, took_ms: 0 },
  };
}

const T1 = '2026-11-20T01:00:00.000Z';
const T2 = '2026-11-20T02:00:00.000Z';
const seconds = (text: string) => Date.parse(text) / 1000;

describe('linesOf', () => {
  it('draws every value over time', () => {
    const found = linesOf(
      table(
        [
          ['@timestamp', 'time'],
          ['count', 'value'],
          ['p95(x)', 'value'],
        ],
        [
          [T2, 3, null],
          [T1, 1, 0.5],
        ],
      ),
    );
    expect(found).toEqual({
      x: [seconds(T1), seconds(T2)],
      lines: [
        { name: 'count', y: [1, 3] },
        { name: 'p95(x)', y: [0.5, null] },
      ],
    });
  });

  it('draws the largest groups', () => {
    const hosts = Array.from({ length: LINES_MAX + 3 }, (_, n) => [T1, `web-${n}`, n]);
    const found = linesOf(
      table(
        [
          ['@timestamp', 'time'],
          ['host.name', 'group'],
          ['count', 'value'],
        ],
        [...hosts, [T2, null, 99]],
      ),
    );
    expect(found?.lines.length).toBe(LINES_MAX);
    expect(found?.lines.slice(0, 2)).toEqual([
      { name: '–', y: [null, 99] },
      { name: `web-${LINES_MAX + 2}`, y: [LINES_MAX + 2, null] },
    ]);
  });

  it('is nothing without time', () => {
    expect(linesOf(table([['count', 'value']], [[1]]))).toBeUndefined();
  });
});

describe('barsOf', () => {
  it('measures the first value by its largest', () => {
    const hosts: Json[][] = [
      ['a', 4],
      ['b', 1],
      ['c', null],
    ];
    const columns: [string, ColumnRole][] = [
      ['host.name', 'group'],
      ['count', 'value'],
    ];
    expect(barsOf(table(columns, hosts))).toEqual({ column: 1, shares: [1, 0.25, 0] });
    expect(barsOf(table(columns, hosts.slice(0, 1)))).toBeUndefined();
    expect(barsOf(table([['a', 'field']], [['x'], ['y']]))).toBeUndefined();
  });
});
