import { useSyncExternalStore } from 'react';
import { queryClient } from '@/api/queries';

/** Counts refreshes. What does not come through React Query (a stream) depends on it. */
let tick = 0;
const listeners = new Set<() => void>();

export function refreshNow(): void {
  tick += 1;
  for (const listener of listeners) listener();
  void queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useRefreshTick(): number {
  return useSyncExternalStore(subscribe, () => tick);
}
