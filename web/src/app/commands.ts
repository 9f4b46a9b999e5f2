import { useEffect, useSyncExternalStore } from 'react';

/** Something the command palette can do. */
export interface Command {
  id: string;
  label: string;
  group: string;
  /** The key that does the same, as written on keyboards. */
  keys?: string;
  run(): void;
}

let lists: ReadonlyMap<string, readonly Command[]> = new Map();
const listeners = new Set<() => void>();

function put(next: ReadonlyMap<string, readonly Command[]>): void {
  lists = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Offers commands while the component is there. `commands` should be memoised. */
export function useCommands(owner: string, commands: readonly Command[]): void {
  useEffect(() => {
    put(new Map(lists).set(owner, commands));
    return () => {
      const rest = new Map(lists);
      rest.delete(owner);
      put(rest);
    };
  }, [owner, commands]);
}

export function useCommandLists(): ReadonlyMap<string, readonly Command[]> {
  return useSyncExternalStore(subscribe, () => lists);
}
