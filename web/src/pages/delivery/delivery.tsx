import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useRef, useState } from 'react';
import { deliveryQuery } from '@/api/delivery';
import { overviewQuery } from '@/api/overview';
import { groupsOf, rowsOf } from '@/lib/delivery-view';
import { Failure } from '@/parts/states';
import classes from './delivery.module.css';
import { Hosts } from './hosts';
import { NoStreams } from './no-streams';
import { Readers } from './readers';
import { StreamTable } from './stream-table';
import { Toolbar } from './toolbar';
import { useView } from './use-view';
import { Verdict } from './verdict';

const EVERY_MS = 5000;
const NAMES_MS = 60_000;

/** What the hosts behind the agents are called. The page is whole without it. */
function useNames(): ReadonlyMap<string, string> {
  const { data } = useQuery({ ...overviewQuery, staleTime: NAMES_MS });
  return useMemo(
    () => new Map(data?.hosts.flatMap(({ agent, name }) => (name ? [[agent, name]] : [])) ?? []),
    [data],
  );
}

/** Proves that nothing was lost, or says what was, where and why. */
export function DeliveryPage() {
  const view = useView();
  const names = useNames();
  const page = useRef<HTMLDivElement>(null);
  const above = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const query = useQuery({ ...deliveryQuery, refetchInterval: view.refresh ? false : EVERY_MS });
  const { data, error } = query;
  const groups = useMemo(
    () => (data ? groupsOf(data.streams, names, view.shown) : undefined),
    [data, names, view.shown],
  );
  const rows = useMemo(
    () => groups && rowsOf(groups, folded, view.open),
    [groups, folded, view.open],
  );
  const fold = useCallback((agent: string) => {
    setFolded((old) => {
      const next = new Set(old);
      if (!next.delete(agent)) next.add(agent);
      return next;
    });
  }, []);
  const shown = groups?.reduce((sum, group) => sum + group.streams.length, 0) ?? 0;
  const there = data !== undefined || !error;
  const some = there && data?.streams.length !== 0;
  return (
    <div className={classes.page} ref={page} aria-busy={!data}>
      <div ref={above}>
        {error && <Failure error={error} retry={() => void query.refetch()} />}
        {there && <Verdict report={data} showTrouble={() => view.change({ trouble: true })} />}
        {there && <Readers readers={data?.readers} />}
        {data && <Hosts hosts={data.hosts} />}
        {some && <Toolbar view={view} shown={shown} all={data?.streams.length} names={names} />}
      </div>
      {some && (
        <StreamTable
          rows={rows}
          folded={folded}
          fold={fold}
          view={view}
          page={page}
          above={above}
        />
      )}
      {some && data && shown === 0 && <NoStreams view={view} />}
    </div>
  );
}
