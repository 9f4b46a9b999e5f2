import { type RefObject, useMemo, useRef, useState } from 'react';
import type { Row, Rows } from './row';

export interface TableHandle {
  focus(): void;
  reveal(index: number, align?: 'auto' | 'center' | 'start'): void;
  pageRows(): number;
}

/** Which row is meant and which are open, by their keys: rows may move, keys do not. */
export interface Selection {
  key?: number;
  open: ReadonlySet<number>;
  table: RefObject<TableHandle | null>;
  row(): Row | undefined;
  select(key: number): void;
  toggle(key: number): void;
  close(): boolean;
  /** Moves by rows; `Infinity` means the end. */
  move(by: number): void;
}

interface Options {
  rows: Rows;
  opened(row: Row | undefined): void;
}

export function useSelection({ rows, opened }: Options): Selection {
  const [key, setKey] = useState<number>();
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const table = useRef<TableHandle>(null);
  return useMemo(() => {
    const indexOf = () => (key === undefined ? -1 : rows.indexOf(key));
    const toggle = (which: number) => {
      const next = new Set(open);
      const closing = next.delete(which);
      if (!closing) next.add(which);
      setOpen(next);
      opened(closing ? undefined : rows.at(rows.indexOf(which)));
    };
    return {
      key,
      open,
      table,
      row: () => rows.at(indexOf()),
      select: setKey,
      toggle,
      close: () => {
        const which = key !== undefined && open.has(key) ? key : [...open].at(-1);
        if (which === undefined) return false;
        toggle(which);
        return true;
      },
      move: (by) => {
        const at = Math.min(Math.max(indexOf() + by, 0), rows.count - 1);
        const row = rows.at(at);
        if (!row) return;
        setKey(row.key);
        table.current?.reveal(at);
      },
    };
  }, [key, open, rows, opened]);
}
