import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { changeAlerts } from '@/api/alerts';
import type { AlertDetail, AlertList } from '@/api/types';
import { useSession } from '@/app/account';
import { type Change, changed, changedDetail } from '@/lib/alert-change';
import { serverNow } from '@/lib/clock';
import { iso } from '@/lib/range';
import { announce } from '@/parts/announce';

const LIST = ['alerts', 'list'];
const ONE = ['alerts', 'one'];

/**
 * Changes at once what is shown and then at the server. If the server refuses, everything is put back
 * as it was; if it agrees, it says what really stands there now.
 */
export function useChanges() {
  const client = useQueryClient();
  const who = useSession()?.user;
  const { t } = useTranslation('alerts');
  return useMutation({
    mutationFn: changeAlerts,
    onMutate: async (change: Change) => {
      await client.cancelQueries({ queryKey: LIST });
      await client.cancelQueries({ queryKey: ONE });
      const before = [
        ...client.getQueriesData({ queryKey: LIST }),
        ...client.getQueriesData({ queryKey: ONE }),
      ];
      const by = { who, at: iso(serverNow()) };
      client.setQueriesData<InfiniteData<AlertList>>({ queryKey: LIST }, (list) => {
        if (!list) return list;
        const pages = list.pages.map((page) => ({
          ...page,
          alerts: page.alerts.map((alert) => changed(alert, change, by)),
        }));
        return { ...list, pages };
      });
      client.setQueriesData<AlertDetail>(
        { queryKey: ONE },
        (one) => one && changedDetail(one, change, by),
      );
      return { before };
    },
    onError: (_error, _change, context) => {
      for (const [key, value] of context?.before ?? []) client.setQueryData(key, value);
    },
    onSuccess: ({ alerts }, { kind }) => announce(t(`done.${kind}`, { count: alerts.length })),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['alerts'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
    },
  });
}

export type Changes = ReturnType<typeof useChanges>;
