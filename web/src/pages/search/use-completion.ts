import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { Span } from '@/lib/range';
import { type Completions, complete, type Entry } from './complete';
import type { QueryEditor } from './editor';

/** Asking waits until typing pauses. */
const PAUSE_MS = 120;

export interface Offered extends Completions {
  /** -1: none, so that Enter runs the query. */
  chosen: number;
  /** Pixels from the editor's left edge. */
  left: number;
}

export interface Completion {
  offered: Offered | undefined;
  accept(entry: Entry): void;
  typed(): void;
  ask(): void;
  close(): void;
  /** Whether a key belongs to the open list. */
  key(name: string): boolean;
}

/** What is offered while a query is typed. */
export function useCompletion(
  editor: RefObject<QueryEditor | null>,
  span: RefObject<Span>,
): Completion {
  const [offered, setOffered] = useState<Offered>();
  const latest = useRef(offered);
  latest.current = offered;
  const turn = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const completion = useMemo(() => {
    const close = () => {
      turn.current += 1;
      clearTimeout(timer.current);
      setOffered(undefined);
    };
    const look = async (asked: boolean) => {
      const { current } = editor;
      if (!current) return;
      turn.current += 1;
      const mine = turn.current;
      const found = await complete(current.text(), current.cursor(), span.current, asked);
      // Something else was typed meanwhile, or the list was closed.
      if (mine !== turn.current) return;
      const left = current.leftOf(found?.from ?? 0);
      setOffered(found?.entries.length ? { ...found, chosen: -1, left } : undefined);
    };
    const accept = (entry: Entry) => {
      const { current } = latest;
      if (!current) return;
      close();
      editor.current?.complete(current.from, entry.text);
      // After a field its values are what is wanted next.
      if (entry.text.endsWith(':')) void look(true);
    };
    const move = (by: number) =>
      setOffered((was) => {
        if (!was) return was;
        const count = was.entries.length;
        return { ...was, chosen: (Math.max(was.chosen, by > 0 ? -1 : 0) + by + count) % count };
      });
    const key = (name: string) => {
      const { current } = latest;
      if (!current) return false;
      if (name === 'ArrowDown' || name === 'ArrowUp') move(name === 'ArrowDown' ? 1 : -1);
      else if (name === 'Escape') close();
      else {
        const entry =
          current.entries[name === 'Tab' ? Math.max(current.chosen, 0) : current.chosen];
        if (!entry) return false;
        accept(entry);
      }
      return true;
    };
    return {
      close,
      accept,
      key,
      ask: () => void look(true),
      typed: () => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => void look(false), PAUSE_MS);
      },
    };
  }, [editor, span]);
  return useMemo(() => ({ ...completion, offered }), [completion, offered]);
}
