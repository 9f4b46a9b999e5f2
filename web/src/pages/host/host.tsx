import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { deliveryQuery } from '@/api/delivery';
import type { DeliveryHost } from '@/api/types';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Empty, Failure } from '@/parts/states';
import { Time } from '@/parts/time';
import { FileForm } from './file-form';
import classes from './host.module.css';

const EVERY_MS = 15_000;

/** One host: how it fares, and what can be asked of it. */
export function HostPage() {
  const { t } = useTranslation('host');
  const { agent = '', refresh } = useSearch({ from: '/inside/host' });
  const query = useQuery({ ...deliveryQuery, refetchInterval: refresh ? false : EVERY_MS });
  const host = query.data?.hosts.find((one) => one.agent === agent);
  return (
    <div className={classes.page}>
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {!query.data && !query.error && <Skeleton width="40%" />}
      {query.data && !host && (
        <Empty title={t('unknown')}>
          <p>{t('unknown.text')}</p>
        </Empty>
      )}
      {host && (
        <>
          <Summary host={host} />
          <FileForm key={host.agent} host={host} />
        </>
      )}
    </div>
  );
}

function Summary({ host }: { host: DeliveryHost }) {
  const { t } = useTranslation(['host', 'delivery']);
  const state = host.state === 'unknown' ? 'reporting' : host.state;
  return (
    <section aria-labelledby="host-name">
      <h2 id="host-name">
        <SafeText text={host.host ?? host.agent} />
      </h2>
      <p className={classes.state} data-bad={host.state === 'silent' || undefined}>
        {t(`delivery:host.${state}`)}
      </p>
      <dl className={classes.facts}>
        <div>
          <dt>{t('agent')}</dt>
          <dd>
            <SafeText text={host.agent} />
          </dd>
        </div>
        {host.heard && (
          <div>
            <dt>{t('heard')}</dt>
            <dd>
              <Time at={host.heard} />
            </dd>
          </div>
        )}
        {host.version && (
          <div>
            <dt>{t('version')}</dt>
            <dd>
              <SafeText text={host.version} />
            </dd>
          </div>
        )}
      </dl>
      <p>
        <Link to="/audit" search={{ object: host.agent, action: 'agent' }}>
          {t('audit')}
        </Link>
      </p>
    </section>
  );
}
