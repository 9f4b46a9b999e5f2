import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isApiError } from './client';

type Gate = (where: 'login' | 'password') => void;
let gate: Gate = () => undefined;

/** The router says how to get to the log-in page; here is only known when. */
export function setGate(next: Gate): void {
  gate = next;
}

/** A session that ended anywhere ends everywhere. */
export function checkGate(error: unknown): void {
  if (isApiError(error, 'unauthorized')) gate('login');
  if (isApiError(error, 'must_change_password')) gate('password');
}

const transient = (error: unknown) =>
  isApiError(error) && (error.status === 0 || error.status === 502 || error.status === 503);

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    // Whether there is a session at all is asked by the router, which knows where to go then.
    onError: (error, query) => query.queryKey[0] === 'session' || checkGate(error),
  }),
  mutationCache: new MutationCache({ onError: checkGate }),
  defaultOptions: {
    queries: {
      // A mistake in a query does not become right by asking again; a restart of the server does.
      retry: (count, error) => transient(error) && count < 2,
      retryDelay: (count) => 500 * 2 ** count,
      refetchOnWindowFocus: false,
      staleTime: 10_000,
    },
  },
});
