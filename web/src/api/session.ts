import { queryOptions } from '@tanstack/react-query';
import { api, data, isApiError } from './client';
import type { SessionInfo } from './types';

/** Stands in for a session until the server has the endpoint; never part of a build. */
const DEVELOPER: SessionInfo = {
  user: 'admin',
  role: 'admin',
  must_change_password: false,
  expires: '',
  version: '0.1.0',
};

async function fetchSession(): Promise<SessionInfo> {
  try {
    return await data(api.GET('/session'));
  } catch (error) {
    if (import.meta.env.DEV && isApiError(error, 'not_found')) return DEVELOPER;
    throw error;
  }
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
