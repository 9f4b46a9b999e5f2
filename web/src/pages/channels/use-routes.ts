import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { channelsQuery, saveRoutes } from '@/api/channels';
import type { MadeRoutes } from '@/api/types';
import { announce } from '@/parts/announce';

/** Saves the routes that are made here, all at once; what was saved is shown before the list has come anew. */
export function useRoutes() {
  const { t } = useTranslation('channels');
  const client = useQueryClient();
  return useMutation({
    mutationFn: (routes: MadeRoutes) => saveRoutes(routes),
    onSuccess: ({ routes, version }) => {
      client.setQueryData(
        channelsQuery.queryKey,
        (old) => old && { ...old, made_routes: routes, routes_version: version },
      );
      announce(t('route.saved'));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['channels', 'list'] }),
  });
}
