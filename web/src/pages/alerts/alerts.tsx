import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { alertsQuery } from '@/api/alerts';
import type { AlertInfo, AlertList } from '@/api/types';
import { addArea } from '@/i18n';
import { AlertTabs } from '@/parts/alert-tabs';
import { IconButton } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure, Warning } from '@/parts/states';
import { Actions } from './actions';
import { useAlertCommands } from './alert-commands';
import classes from './alerts.module.css';
import { Detail } from './detail';
import { Filters } from './filters';
import { List } from './list';
import { NoAlerts } from './no-alerts';
import { type Acting, useActing } from './use-acting';
import { useAlertKeys } from './use-alert-keys';
import { useChanges } from './use-changes';
import { type Selection, useSelection } from './use-selection';
import { useView, type View } from './use-view';

// Dialogs come when they are asked for.
const KeysDialog = lazy(() =>
  import('./keys-dialog').then((part) => ({ default: part.KeysDialog })),
);
const SilenceDialog = lazy(async () => {
  const [part] = await Promise.all([import('../silences/silence-dialog'), addArea('silences')]);
  return { default: part.SilenceDialog };
});

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
  const changes = useChanges();
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const [keys, setKeys] = useState(false);
  const current = view.id ?? cursor;
  const acting = useActing({ view, alerts, current, selection, changes });
  const showKeys = () => setKeys(true);
  useAlertCommands(acting, showKeys);
  useAlertKeys({ view, alerts, current, setCursor, selection, acting, showKeys });
  const empty = alerts?.length === 0;
  return (
    <div className={classes.page} data-detail={view.id !== undefined || undefined}>
      <AlertTabs />
      <section className={classes.main}>
        <Toolbar view={view} first={first} selection={selection} showKeys={showKeys}>
          <Many alerts={alerts} selection={selection} acting={acting} />
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
          acting={acting}
        />
      )}
      <Suspense>
        {keys && <KeysDialog opened close={() => setKeys(false)} />}
        {acting.silenced && <SilenceDialog alerts={acting.silenced} close={acting.endSilencing} />}
      </Suspense>
    </div>
  );
}

interface ToolbarProps {
  view: View;
  first: AlertList | undefined;
  selection: Selection;
  showKeys(): void;
  children: React.ReactNode;
}

/** Filters, or what to do with what is selected; both have the same height, so that rows stay. */
function Toolbar({ view, first, selection, showKeys, children }: ToolbarProps) {
  const { t } = useTranslation('alerts');
  return (
    <header className={classes.toolbar}>
      {selection.ids.size > 0 ? (
        children
      ) : (
        <div className={classes.filters}>
          <Filters view={view} counts={first?.counts} />
          <Keys show={showKeys} />
        </div>
      )}
      {Object.entries(first?.waiting ?? {}).map(([channel, count]) => (
        <Warning key={channel}>
          <SafeText text={t('waiting', { count, channel })} />{' '}
          <Link to="/channels">{t('waiting.channels')}</Link>
        </Warning>
      ))}
    </header>
  );
}

function Keys({ show }: { show(): void }) {
  const { t } = useTranslation('alerts');
  const keys = [
    ['j k', t('keys.move')],
    ['Enter', t('keys.open.short')],
    ['a', t('keys.ack.short')],
    ['c', t('keys.close.short')],
  ] as const;
  return (
    <p className={classes.keys}>
      {keys.map(([key, does]) => (
        <span key={key}>
          <kbd>{key}</kbd> {does}
        </span>
      ))}
      <button type="button" onClick={show}>
        <kbd>?</kbd> {t('keys.all')}
      </button>
    </p>
  );
}

interface ManyProps {
  alerts: AlertInfo[] | undefined;
  selection: Selection;
  acting: Acting;
}

function Many({ alerts = [], selection, acting }: ManyProps) {
  const { t } = useTranslation('alerts');
  return (
    <div className={classes.many}>
      <span className={classes.selected}>
        <IconButton icon="close" label={t('ack.clear')} onClick={() => selection.set([])} />
        {t('ack.selected', { count: selection.ids.size })}
      </span>
      <Actions
        alerts={alerts.filter(({ id }) => selection.ids.has(id))}
        acting={acting}
        where="many"
        done={() => selection.set([])}
      />
    </div>
  );
}
