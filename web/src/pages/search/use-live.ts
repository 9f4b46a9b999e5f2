import { useEffect, useState, useSyncExternalStore } from 'react';
import { Live, type LiveState } from './live';

export function useLive(q: string): { live: Live; state: LiveState } {
  const [live, setLive] = useState(() => new Live(q));
  useEffect(() => {
    const next = new Live(q);
    setLive(next);
    next.start();
    return () => next.stop();
  }, [q]);
  const state = useSyncExternalStore(live.subscribe, live.snapshot);
  return { live, state };
}
