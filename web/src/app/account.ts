import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { logOut, sessionQuery } from '@/api/session';

export function useSession() {
  return useQuery(sessionQuery).data;
}

/** Ends the session and forgets everything that was fetched with it. */
export function useLogOut(): () => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useCallback(() => {
    const leave = async () => {
      try {
        await logOut();
      } finally {
        await navigate({ to: '/login' });
        client.clear();
      }
    };
    void leave();
  }, [client, navigate]);
}
