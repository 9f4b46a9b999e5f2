import { queryOptions } from '@tanstack/react-query';
import { type Asked, askedOf, toldOf } from '@/lib/asking';
import { serverNow } from '@/lib/clock';
import { iso } from '@/lib/range';
import { api, data } from './client';
import type { Event } from './types';

/** The agent's clock may be another. */
const DAY_MS = 86_400_000;
/** Files of one answer; a folder may have more. */
export const FILES_MAX = 50;
/** Seconds that services may take; what comes later is there when one asks again. */
const WAIT_SECONDS = 30;

/** What an agent is asked for. */
export interface Wish {
  command: 'hash' | 'lookup_upload';
  path: string;
  service?: string;
}

/** Asks an agent for something. */
export async function askAgent(agent: string, wish: Wish): Promise<Asked> {
  const said = { params: { path: { id: agent } }, body: wish, parseAs: 'text' as const };
  return askedOf(await data(api.POST('/agents/{id}/commands', said)));
}

/** What the agent has told of it so far. */
export const toldQuery = (id: string) =>
  queryOptions({
    queryKey: ['asked', id],
    queryFn: async ({ signal }) => {
      const now = serverNow();
      const query = {
        q: `watchpost.command.id:${id}`,
        from: iso(now - DAY_MS),
        to: iso(now + DAY_MS),
        // One more: the last word.
        limit: FILES_MAX + 1,
      };
      const page = await data(api.GET('/search', { params: { query }, signal }));
      return toldOf(page.events as Event[]);
    },
  });

/** What services know of files, by their hashes. They are asked. */
export const knownQuery = (hashes: readonly string[]) =>
  queryOptions({
    queryKey: ['known', hashes],
    queryFn: ({ signal }) => {
      const body = { indicators: [...hashes], wait: WAIT_SECONDS };
      return data(api.POST('/lookups', { body, signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** How look-up services stand, and whether files may be given to them. */
export const servicesQuery = queryOptions({
  queryKey: ['lookups', 'services'],
  queryFn: ({ signal }) => data(api.GET('/lookups/services', { signal })),
});
