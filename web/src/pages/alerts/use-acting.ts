import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { flushSync } from 'react-dom';
import { alertQuery } from '@/api/alerts';
import type { AlertInfo } from '@/api/types';
import { useSession } from '@/app/account';
import { type ChangeKind, isPossible } from '@/lib/alert-change';
import type { Changes } from './use-changes';
import type { Selection } from './use-selection';
import type { View } from './use-view';

/** A form somebody asked for: for what is selected, or for the alert that is open. */
export interface Asked {
  kind: ChangeKind;
  where: 'many' | number;
  /** Which time it was asked for: each time its first field takes the focus. */
  time: number;
}

export interface Acting {
  changes: Changes;
  asked: Asked | undefined;
  ask(kind: ChangeKind | undefined): void;
  /** Gives them to whoever is logged in. */
  take(): void;
  silence(): void;
  /** What the silence dialog is about, while it is open. */
  silenced: AlertInfo[] | undefined;
  endSilencing(): void;
}

interface Page {
  view: View;
  alerts: AlertInfo[] | undefined;
  /** Where the cursor is. */
  current: number | undefined;
  selection: Selection;
  changes: Changes;
}

/** What is to be done, to what is selected, or else to the alert that is open or under the cursor. */
export function useActing({ view, alerts = [], current, selection, changes }: Page): Acting {
  const client = useQueryClient();
  const user = useSession()?.user;
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const [silenced, setSilenced] = useState<AlertInfo[] | undefined>(undefined);
  const targets = (): AlertInfo[] => {
    if (selection.ids.size > 0) return alerts.filter(({ id }) => selection.ids.has(id));
    if (current === undefined) return [];
    const listed = alerts.find(({ id }) => id === current);
    const one = client.getQueryData(alertQuery(current).queryKey)?.alert ?? listed;
    return one ? [one] : [];
  };
  const ask = (kind: ChangeKind | undefined) => {
    const found = targets();
    if (!kind || !isPossible(kind, found)) {
      setAsked(undefined);
      return;
    }
    const where = view.id !== undefined && selection.ids.size === 0 ? view.id : 'many';
    // The form appears only with a selection, and the next key is meant for it already.
    flushSync(() => {
      if (where === 'many') selection.set(found.map(({ id }) => id));
      setAsked((old) => ({ kind, where, time: (old?.time ?? 0) + 1 }));
    });
  };
  return {
    changes,
    asked,
    ask,
    take: () => {
      const ids = targets().map(({ id }) => id);
      if (user && ids.length > 0) changes.mutate({ kind: 'assign', ids, to: user });
    },
    silence: () => {
      const found = targets();
      if (found.length > 0) setSilenced(found);
    },
    silenced,
    endSilencing: () => setSilenced(undefined),
  };
}
