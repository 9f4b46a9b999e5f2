import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '@/api/types';
import { formatBytes, formatCount } from '@/lib/format';
import { Skeleton } from '@/parts/skeleton';
import { Time } from '@/parts/time';
import classes from './overview.module.css';

export function Stored({ store }: { store: Overview['store'] | undefined }) {
  const { t } = useTranslation('overview');
  const rows: [string, ReactNode][] = [
    // The newest are in memory and in the ledger before they are in a file.
    [t('store.events'), store && formatCount(store.events + store.head_events)],
    [t('store.bytes'), store && formatBytes(store.bytes)],
    [t('store.compression'), store && <Compression store={store} />],
    [t('store.first'), store && (store.first ? <Time at={store.first} /> : '–')],
    [t('store.last'), store && (store.last ? <Time at={store.last} /> : '–')],
  ];
  return (
    <section>
      <header className={classes.head}>
        <h2>{t('store.title')}</h2>
      </header>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? <Skeleton width={120} />}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Compression({ store }: { store: Overview['store'] }) {
  const { t } = useTranslation('overview');
  if (store.bytes === 0) return '–';
  const count = Math.round((store.raw_bytes / store.bytes) * 10) / 10;
  return t('store.times', {
    count,
    times: formatCount(count),
    raw: formatBytes(store.raw_bytes),
  });
}
