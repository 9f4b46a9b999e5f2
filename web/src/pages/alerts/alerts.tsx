import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { alertsQuery } from '@/api/alerts';
import type { AlertInfo, AlertList } from '@/api/types';
import { IconButton } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure, Warning } from '@/parts/states';
import { AcknowledgeForm } from './acknowledge-form';
import classes from './alerts.module.css';
import { Detail } from './detail';
import { Filters } from './filters';
import { List } from './list';
import { NoAlerts } from './no-alerts';
import { useAcknowledge } from './use-acknowledge';
import { useAlertKeys } from './use-alert-keys';
import { type Selection, useSelection } from './use-selection';
import { useView, type View } from './use-view';

const EVERY_MS = 15_000;

function useAlerts({ filter, refresh }: View) {
  const query = useInfiniteQuery({
    ...alertsQuery(filter),
    refetchInterval: refresh ? false : EVERY_MS,
    // Another filter shows its own alerts; until they are there the last ones stay, without a flash.
    placeholderData: (old) => old,
  });
  const alerts = useMemo(() => query.data?.pages.flatMap((page) => page.alerts), [query.data]);
  return { query, alerts, first: query.data?.pages[0] };
}

/** The list, and one alert beside it; where there is no room for both, the one that is meant. */
export function AlertsPage() {
  const view = useView();
  const { query, alerts, first } = useAlerts(view);
  const selection = useSelection(alerts);
  const mutation = useAcknowledge();
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const current = view.id ?? cursor;
  const noteOfMany = useRef<HTMLInputElement>(null);
  const noteOfOne = useRef<HTMLInputElement>(null);
  useAlertKeys({ view, alerts, current, setCursor, selection, noteOfMany, noteOfOne });
  const empty = alerts?.length === 0;
  return (
    <div className={classes.page} data-detail={view.id !== undefined || undefined}>
      <section className={classes.main}>
        <Toolbar view={view} first={first} selection={selection}>
          <AcknowledgeMany selection={selection} mutation={mutation} field={noteOfMany} />
        </Toolbar>
        <div className={classes.scroll}>
          {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
          {empty && <NoAlerts view={view} />}
          {!empty && !(query.error && !alerts) && (
            <List
              alerts={alerts}
              current={current}
              selection={selection}
              more={
                query.hasNextPage
                  ? { load: () => void query.fetchNextPage(), loading: query.isFetchingNextPage }
                  : undefined
              }
            />
          )}
        </div>
      </section>
      {view.id !== undefined && (
        <Detail
          key={view.id}
          id={view.id}
          known={alerts?.find((alert: AlertInfo) => alert.id === view.id)}
          close={view.close}
          mutation={mutation}
          field={noteOfOne}
        />
      )}
    </div>
  );
}

interface ToolbarProps {
  view: View;
  first: AlertList | undefined;
  selection: Selection;
  children: React.ReactNode;
}

/** Filters, or what to do with what is selected; both have the same height, so that rows stay. */
function Toolbar({ view, first, selection, children }: ToolbarProps) {
  const { t } = useTranslation('alerts');
  return (
    <header className={classes.toolbar}>
      {selection.ids.size > 0 ? (
        children
      ) : (
        <div className={classes.filters}>
          <Filters view={view} counts={first?.counts} />
          <Keys />
        </div>
      )}
      {Object.entries(first?.waiting ?? {}).map(([channel, count]) => (
        <Warning key={channel}>
          <SafeText text={t('waiting', { count, channel })} />
        </Warning>
      ))}
    </header>
  );
}

function Keys() {
  const { t } = useTranslation('alerts');
  const keys = [
    ['j k', t('keys.move')],
    ['Enter', t('keys.open')],
    ['x', t('keys.select')],
    ['a', t('keys.ack')],
  ] as const;
  return (
    <p className={classes.keys} title={t('keys.title')}>
      {keys.map(([key, does]) => (
        <span key={key}>
          <kbd>{key}</kbd> {does}
        </span>
      ))}
    </p>
  );
}

interface ManyProps {
  selection: Selection;
  mutation: ReturnType<typeof useAcknowledge>;
  field: React.RefObject<HTMLInputElement | null>;
}

function AcknowledgeMany({ selection, mutation, field }: ManyProps) {
  const { t } = useTranslation('alerts');
  const ids = [...selection.ids];
  return (
    <div className={classes.many}>
      <span className={classes.selected}>
        <IconButton icon="close" label={t('ack.clear')} onClick={() => selection.set([])} />
        {t('ack.selected', { count: ids.length })}
      </span>
      <AcknowledgeForm
        ids={ids}
        mutation={mutation}
        field={field}
        label={t('ack.button')}
        done={() => selection.set([])}
      />
    </div>
  );
}
