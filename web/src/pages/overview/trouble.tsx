import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { HostState } from '@/api/types';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Command } from '@/parts/states';
import { Ago } from '@/parts/time';
import classes from './overview.module.css';

const SHOWN = 8;

/** Hosts that say nothing, the longest silence first: what is quiet is easily overlooked. */
export function Trouble({ hosts }: { hosts: HostState[] | undefined }) {
  const { t } = useTranslation('overview');
  const trouble = (hosts ?? [])
    .filter((host) => host.state !== 'reporting')
    .sort((a, b) => (a.last < b.last ? -1 : 1));
  return (
    <section>
      <header className={classes.head}>
        <h2>{t('trouble.title')}</h2>
      </header>
      {!hosts && <Skeleton width="80%" />}
      {hosts && trouble.length === 0 && <p>{t(hosts.length ? 'trouble.none' : 'hosts.none')}</p>}
      <ul className={classes.hosts}>
        {trouble.slice(0, SHOWN).map((host) => (
          <li key={host.agent}>
            <Link to="/delivery" search={{ agent: host.agent }} title={host.agent}>
              <SafeText text={host.name ?? host.agent} />
            </Link>
            <span className={classes.state} data-state={host.state}>
              {t(host.state === 'silent' ? 'trouble.silent' : 'trouble.late')}
            </span>
            <span className={classes.since}>
              {t('trouble.since')} <Ago at={host.last} />
            </span>
          </li>
        ))}
      </ul>
      {trouble.length > SHOWN && (
        <p className={classes.since}>{t('trouble.more', { count: trouble.length - SHOWN })}</p>
      )}
      {trouble.length > 0 && (
        <div className={classes.quiet}>
          <p>{t('trouble.what')}</p>
          <Command text="pgrep -a watchpost" />
        </div>
      )}
    </section>
  );
}
