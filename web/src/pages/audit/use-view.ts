import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { AuditParams } from '@/app/router';
import { type Group, groupOf } from '@/lib/audit';

export interface View {
  who: string;
  object: string;
  group?: Group;
  refused: boolean;
  change(change: Partial<AuditParams>): void;
}

/** What is seen, as the address says it, and the way to change it. */
export function useView(): View {
  const { who = '', object = '', action, refused = false } = useSearch({ from: '/inside/audit' });
  const navigate = useNavigate();
  return useMemo(
    () => ({
      who,
      object,
      group: groupOf(action),
      refused,
      change: (next) =>
        void navigate({
          to: '/audit',
          search: (old: AuditParams) => ({ ...old, ...next }),
          replace: true,
        }),
    }),
    [who, object, action, refused, navigate],
  );
}
