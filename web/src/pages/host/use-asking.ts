import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { askAgent, toldQuery, type Wish } from '@/api/asking';
import type { Asked, Told } from '@/lib/asking';

/** How often it is looked whether the agent has answered. */
const LOOK_MS = 1000;
/** An agent hashes many files in that time; a service takes long to take one. */
const PATIENCE_MS = { hash: 120_000, lookup_upload: 300_000 };

export interface Asking {
  /** What was asked last. */
  wish?: Wish;
  asked?: Asked;
  told?: Told;
  /** It was waited for long enough; so many seconds. */
  late?: number;
  /** Since when somebody waits, in milliseconds since 1970. */
  since?: number;
  error: unknown;
  ask(wish: Wish): void;
  stop(): void;
}

/** Asks an agent, and waits for what it says: until it has said all, or for so long. */
export function useAsking(agent: string): Asking {
  const asking = useMutation({ mutationFn: (wish: Wish) => askAgent(agent, wish) });
  const { data: asked, variables: wish, submittedAt } = asking;
  const [late, setLate] = useState(false);
  const patience = wish ? PATIENCE_MS[wish.command] : 0;
  const answers = useQuery({
    ...toldQuery(asked?.id ?? ''),
    enabled: asked !== undefined && !late,
    refetchInterval: (query) => (query.state.data?.end || late ? false : LOOK_MS),
  });
  const told = asked && answers.data;
  const waits = asking.isPending || (asked !== undefined && !told?.end && !late);
  useEffect(() => {
    if (!waits || submittedAt === 0) return;
    const timer = setTimeout(() => setLate(true), submittedAt + patience - Date.now());
    return () => clearTimeout(timer);
  }, [waits, submittedAt, patience]);
  return {
    wish,
    asked,
    told,
    late: late && !told?.end ? patience / 1000 : undefined,
    since: waits ? submittedAt : undefined,
    error: asking.error ?? answers.error,
    ask: (next) => {
      setLate(false);
      asking.mutate(next);
    },
    stop: () => asking.reset(),
  };
}
