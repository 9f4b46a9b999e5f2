import { useCallback, useEffect, useRef, useState } from 'react';
import { isAborted } from '@/api/client';
import { checkGate } from '@/api/queries';
import { searchTable } from '@/api/table';
import type { Progress, TableAnswer } from '@/api/types';
import type { Span } from '@/lib/range';

export interface TableState {
  phase: 'running' | 'done' | 'cancelled' | 'failed';
  progress?: Progress;
  table?: TableAnswer;
  error?: unknown;
}

/** A search with pipes that begins with what it is asked for and ends with the component. */
export function useTable(q: string, span: Span) {
  const [state, setState] = useState<TableState>({ phase: 'running' });
  const [attempt, setAttempt] = useState(0);
  const abort = useRef<AbortController>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks the same again
  useEffect(() => {
    const controller = new AbortController();
    abort.current = controller;
    setState({ phase: 'running' });
    const run = async () => {
      for await (const item of searchTable(q, span, controller.signal)) {
        if (controller.signal.aborted) return;
        if (item.kind === 'progress') setState({ phase: 'running', progress: item.progress });
        else setState({ phase: 'done', table: item.table });
      }
    };
    run().catch((error: unknown) => {
      if (controller.signal.aborted || isAborted(error)) return;
      checkGate(error);
      setState({ phase: 'failed', error });
    });
    return () => controller.abort();
  }, [q, span, attempt]);
  const cancel = useCallback(() => {
    abort.current?.abort();
    setState({ phase: 'cancelled' });
  }, []);
  const retry = useCallback(() => setAttempt((number) => number + 1), []);
  return { state, cancel, retry };
}
