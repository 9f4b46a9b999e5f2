import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { acknowledge } from '@/api/alerts';
import type { AlertDetail, AlertInfo, AlertList } from '@/api/types';
import { useSession } from '@/app/account';
import { serverNow } from '@/lib/clock';
import { iso } from '@/lib/range';
import { announce } from '@/parts/announce';

interface Request {
  ids: number[];
  note?: string;
}

const LIST = ['alerts', 'list'];
const ONE = ['alerts', 'one'];

/**
 * Acknowledges at once in what is shown and then at the server. If the server refuses, everything is
 * put back as it was; if it agrees, it says what really stands there now.
 */
export function useAcknowledge() {
  const client = useQueryClient();
  const user = useSession()?.user;
  const { t } = useTranslation('alerts');
  return useMutation({
    mutationFn: ({ ids, note }: Request) => acknowledge(ids, note),
    onMutate: async ({ ids, note }) => {
      await client.cancelQueries({ queryKey: ['alerts'] });
      const before = [
        ...client.getQueriesData({ queryKey: LIST }),
        ...client.getQueriesData({ queryKey: ONE }),
      ];
      const change = (alert: AlertInfo): AlertInfo =>
        ids.includes(alert.id) && alert.state === 'open'
          ? {
              ...alert,
              state: 'acknowledged',
              acknowledged_by: user,
              acknowledged: iso(serverNow()),
              note,
            }
          : alert;
      client.setQueriesData<InfiniteData<AlertList>>({ queryKey: LIST }, (list) => {
        if (!list) return list;
        const pages = list.pages.map((page) => ({ ...page, alerts: page.alerts.map(change) }));
        return { ...list, pages };
      });
      client.setQueriesData<AlertDetail>(
        { queryKey: ONE },
        (one) => one && { ...one, alert: change(one.alert) },
      );
      return { before };
    },
    onError: (_error, _request, context) => {
      for (const [key, value] of context?.before ?? []) client.setQueryData(key, value);
    },
    onSuccess: ({ alerts }) => announce(t('ack.done', { count: alerts.length })),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['alerts'] });
      void client.invalidateQueries({ queryKey: ['overview'] });
    },
  });
}

export type Acknowledge = ReturnType<typeof useAcknowledge>;
