import { queryOptions } from '@tanstack/react-query';
import { api, data } from './client';
import type { SessionInfo } from './types';

/** Who one is while a key stands in for the session: see vite.config.ts. Never part of a build. */
const DEVELOPER: SessionInfo = {
  user: 'admin',
  role: 'admin',
  must_change_password: false,
  expires: '',
  version: '0.1.0',
};

async function fetchSession(): Promise<SessionInfo> {
  if (import.meta.env.DEV && import.meta.env.VITE_KEY) return DEVELOPER;
  return data(api.GET('/session'));
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: fetchSession,
  staleTime: 5 * 60_000,
  retry: false,
});

export const logIn = (username: string, password: string) =>
  data(api.POST('/session', { body: { username, password } }));

export const logOut = () => data(api.DELETE('/session'));

export const changePassword = (current: string, password: string) =>
  data(api.POST('/session/password', { body: { current, password } }));
