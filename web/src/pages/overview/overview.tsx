import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { overviewQuery } from '@/api/overview';
import type { Overview } from '@/api/types';
import { useSettings } from '@/app/settings';
import { formatClock } from '@/lib/time';
import { Command, Empty, Failure, Warning } from '@/parts/states';
import { DeliveryState } from './delivery-state';
import { Newest } from './newest';
import { Numbers } from './numbers';
import classes from './overview.module.css';
import { Stored } from './stored';
import { Trouble } from './trouble';
import { Volume } from './volume';

const EVERY_MS = 15_000;

/** What a person wants on arrival. Refreshes by itself; a number changes in its place. */
export function OverviewPage() {
  const { refresh } = useSearch({ from: '/inside/overview' });
  const overview = useQuery({ ...overviewQuery, refetchInterval: refresh ? false : EVERY_MS });
  const { data, error, refetch } = overview;
  if (!data && error) {
    return (
      <div className={classes.page}>
        <Failure error={error} retry={() => void refetch()} />
      </div>
    );
  }
  if (data && isNew(data)) return <Nothing />;
  return (
    <div className={classes.page} aria-busy={!data}>
      {error && data && <Stale at={data.at} />}
      <Numbers overview={data} />
      <Volume overview={data} />
      <div className={classes.columns}>
        <Newest alerts={data?.alerts.newest} />
        <div className={classes.side}>
          <Trouble hosts={data?.hosts} />
          <DeliveryState delivery={data?.delivery} />
          <Stored store={data?.store} />
        </div>
      </div>
      <AsOf at={data?.at} />
    </div>
  );
}

function isNew({ hosts, store, delivery }: Overview): boolean {
  return hosts.length === 0 && store.events === 0 && delivery.damage.length === 0;
}

function Nothing() {
  const { t } = useTranslation('overview');
  return (
    <Empty title={t('empty.title')}>
      <p>{t('empty.text')}</p>
      <Command text="watchpost up" />
      <Command text="watchpost send < /var/log/syslog" />
    </Empty>
  );
}

function Stale({ at }: { at: string }) {
  const { t } = useTranslation('overview');
  const { zone } = useSettings();
  return <Warning>{t('stale', { at: formatClock(Date.parse(at), zone) })}</Warning>;
}

function AsOf({ at }: { at: string | undefined }) {
  const { t } = useTranslation('overview');
  const { zone } = useSettings();
  return (
    <p className={classes.asOf}>
      {at ? t('as.of', { at: formatClock(Date.parse(at), zone) }) : '\u00a0'}
    </p>
  );
}
