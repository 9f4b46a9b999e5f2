import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeliveryHost } from '@/api/types';
import { hostsOf, LAGGING_SECONDS } from '@/lib/delivery';
import { formatBytes, formatCount, formatDuration } from '@/lib/format';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './hosts.module.css';

/** Shown at once; those in trouble come first. */
const FEW = 6;

/** Whether every host reports, and what waits there. */
export function Hosts({ hosts }: { hosts: readonly DeliveryHost[] }) {
  const { t } = useTranslation('delivery');
  const [all, setAll] = useState(false);
  const told = hostsOf(hosts);
  if (told.length === 0) return null;
  const shown = all ? told : told.slice(0, FEW);
  return (
    <section className={classes.hosts}>
      <h2 title={t('hosts.hint')}>{t('hosts.title')}</h2>
      <ul>
        {shown.map((host) => (
          <Host key={host.agent} host={host} />
        ))}
      </ul>
      {told.length > FEW && (
        <Button look="quiet" small aria-expanded={all} onClick={() => setAll(!all)}>
          {t(all ? 'hosts.few' : 'hosts.all', { n: formatCount(told.length) })}
        </Button>
      )}
    </section>
  );
}

function Host({ host }: { host: DeliveryHost }) {
  const { t } = useTranslation('delivery');
  const { lag, spool, state } = host;
  const state_ = state === 'unknown' ? 'reporting' : state;
  const bad = state === 'silent' || spool?.full !== undefined || lag.seconds >= LAGGING_SECONDS;
  return (
    <li>
      <details>
        <summary>
          <b>
            <SafeText text={host.host ?? host.agent} />
          </b>{' '}
          <span data-bad={bad || undefined}>
            {t(`host.${state_}`)}
            {lag.records > 0 &&
              `, ${t('host.waiting', { n: formatCount(lag.records), span: formatDuration(lag.seconds * 1000) })}`}
            {spool?.full && `, ${t('host.full')}`}
          </span>
        </summary>
        <dl>
          {host.heard && (
            <div>
              <dt>{t('host.heard')}</dt>
              <dd>
                <Time at={host.heard} precision="second" />
              </dd>
            </div>
          )}
          {spool && (
            <div>
              <dt>{t('host.spool')}</dt>
              <dd>
                {t('host.spool.text', {
                  bytes: formatBytes(spool.bytes),
                  most: formatBytes(spool.max_bytes),
                })}
                {spool.oldest && (
                  <>
                    {' · '}
                    {t('host.oldest')} <Time at={spool.oldest} precision="second" />
                  </>
                )}
              </dd>
            </div>
          )}
          {host.version && (
            <div>
              <dt>{t('host.version')}</dt>
              <dd>
                <SafeText text={host.version} />
              </dd>
            </div>
          )}
          {host.sources.map((source) => (
            <div key={source.name}>
              <dt>
                <SafeText text={source.name} />
              </dt>
              <dd>
                {source.scanned && (
                  <>
                    {t('source.scanned')} <Time at={source.scanned} precision="second" />
                  </>
                )}
                {source.read && (
                  <>
                    {' · '}
                    {t('source.read')} <Time at={source.read} precision="second" />
                  </>
                )}
                {source.waits && ` · ${t('source.waits')}`}
                {source.trouble && (
                  <p>
                    <SafeText text={source.trouble} />
                  </p>
                )}
              </dd>
            </div>
          ))}
        </dl>
        <p>
          <Link to="/host" search={{ agent: host.agent }}>
            {t('host.page')}
          </Link>
        </p>
        {host.streams_left_out > 0 && (
          <p>{t('host.left-out', { n: formatCount(host.streams_left_out) })}</p>
        )}
      </details>
    </li>
  );
}
