import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Span } from '@/lib/range';
import { Results, type ResultsState } from './results';

/** A search that begins with what it is asked for and ends with the component. */
export function useResults(q: string, span: Span): { results: Results; state: ResultsState } {
  const [results, setResults] = useState(() => new Results(q, span));
  useEffect(() => {
    const next = new Results(q, span);
    setResults(next);
    next.start();
    return () => next.close();
  }, [q, span]);
  const state = useSyncExternalStore(results.subscribe, results.snapshot);
  return { results, state };
}
