import { useCallback, useEffect, useRef, useState } from 'react';
import { type BacktestItem, type BacktestRequest, backtest } from '@/api/rules';
import type { BacktestDetection, BacktestEnd, BacktestProgress } from '@/api/types';

export interface Backtest {
  running: boolean;
  progress?: BacktestProgress;
  found: BacktestDetection[];
  end?: BacktestEnd;
  error?: unknown;
  /** Somebody has ended it. */
  cancelled?: boolean;
}

const NONE: Backtest = { running: false, found: [] };

function add(state: Backtest, items: BacktestItem[]): Backtest {
  let next = state;
  for (const item of items) {
    if ('progress' in item) next = { ...next, progress: item.progress };
    else if ('end' in item) next = { ...next, end: item.end };
  }
  const found = items.flatMap((item) => ('detection' in item ? [item.detection] : []));
  return found.length === 0 ? next : { ...next, found: [...next.found, ...found] };
}

/** A back-test under way. It ends with the page. */
export function useBacktest() {
  const [state, setState] = useState(NONE);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const start = useCallback(async (request: BacktestRequest) => {
    abort.current?.abort();
    const own = new AbortController();
    abort.current = own;
    setState({ running: true, found: [] });
    try {
      for await (const items of backtest(request, own.signal)) {
        if (own.signal.aborted) return;
        setState((now) => add(now, items));
      }
      setState((now) => ({ ...now, running: false }));
    } catch (error) {
      if (own.signal.aborted) return;
      setState((now) => ({ ...now, running: false, error }));
    }
  }, []);
  const cancel = useCallback(() => {
    abort.current?.abort();
    setState((now) => ({ ...now, running: false, cancelled: true }));
  }, []);
  return { state, start, cancel };
}
