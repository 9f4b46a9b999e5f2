import { queryOptions } from '@tanstack/react-query';
import { ApiError, api, data, isApiError } from './client';
import { checkGate } from './queries';
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
  const session = await data(api.GET('/session'));
  // 204: the server's answer when nobody is logged in, so that asking leaves no error in the console.
  if (!session) throw new ApiError('unauthorized', 'nobody is logged in', 401);
  return session;
}

/** Whether the session lasts; one that has ended leads to the log-in page. A server that is away says neither. */
export async function sessionLasts(): Promise<boolean> {
  try {
    await fetchSession();
    return true;
  } catch (error) {
    checkGate(error);
    return !isApiError(error, 'unauthorized');
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

let oneTime = '';

/** Kept between the log-in and the choice of a password, so that nobody has to type it twice; in memory only. */
export const keepOneTimePassword = (password: string) => {
  oneTime = password;
};

export const oneTimePassword = () => oneTime;
