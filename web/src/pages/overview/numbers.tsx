import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '@/api/types';
import { total, worst } from '@/lib/alert';
import { BEHIND_BYTES } from '@/lib/delivery';
import { formatBytes, formatCount, formatShare, formatShort } from '@/lib/format';
import { reachesBack, trendOf } from '@/lib/trend';
import { Level } from '@/parts/level';
import { Skeleton } from '@/parts/skeleton';
import classes from './overview.module.css';

type Tone = 'good' | 'warn' | 'bad' | undefined;

interface Number {
  label: string;
  /** Undefined while it is fetched. */
  value: ReactNode;
  title?: string;
  of?: string;
  below: ReactNode;
  tone?: Tone;
  link: LinkProps;
}

function Figure({ label, value, title, of, below, tone, link }: Number) {
  return (
    <li className={classes.number} data-tone={tone}>
      <Link {...link} className={classes.numberLink}>
        <span className={classes.numberLabel}>{label}</span>
        <span className={classes.numberValue} title={title}>
          {value === undefined ? <Skeleton width={56} /> : value}
          {of && <small>{of}</small>}
        </span>
        <span className={classes.numberBelow}>
          {value === undefined ? <Skeleton width={120} /> : below}
        </span>
      </Link>
    </li>
  );
}

/** "20 % more than the day before", when there was a day before. */
function useTrend(overview: Overview | undefined): (now: number, before: number) => string {
  const { t } = useTranslation('overview');
  return (now, before) => {
    if (!overview || !reachesBack(overview.store.first, overview.at)) return t('trend.short');
    const trend = trendOf(now, before);
    if (trend.kind === 'times') {
      const count = Math.round(trend.times * 10) / 10;
      return t('trend.times', { count, times: formatCount(count) });
    }
    if (trend.kind === 'up' || trend.kind === 'down') {
      return t(`trend.${trend.kind}`, { share: formatShare(trend.share) });
    }
    return t(`trend.${trend.kind}`);
  };
}

function Hosts({ hosts }: { hosts: Overview['hosts'] | undefined }) {
  const { t } = useTranslation('overview');
  const of = (state: string) => hosts?.filter((host) => host.state === state).length ?? 0;
  const silent = of('silent');
  const late = of('late');
  const words = [
    silent > 0 && t('hosts.silent', { count: silent }),
    late > 0 && t('hosts.late', { count: late }),
  ].filter(Boolean);
  const fine = t(hosts?.length ? 'hosts.all' : 'hosts.none');
  return (
    <Figure
      label={t('hosts')}
      value={hosts && formatCount(of('reporting'))}
      of={hosts && t('hosts.of', { count: hosts.length })}
      below={words.length ? words.join(', ') : fine}
      tone={silent > 0 ? 'bad' : late > 0 ? 'warn' : undefined}
      link={{ to: '/delivery' }}
    />
  );
}

function OpenAlerts({ alerts }: { alerts: Overview['alerts'] | undefined }) {
  const { t } = useTranslation('overview');
  const most = alerts && worst(alerts.open);
  return (
    <Figure
      label={t('open')}
      value={alerts && formatCount(total(alerts.open))}
      below={
        most ? (
          <>
            <Level level={most.level} /> × {formatCount(most.count)}
          </>
        ) : (
          t('open.none')
        )
      }
      link={{ to: '/alerts' }}
    />
  );
}

function Lost({ delivery }: { delivery: Overview['delivery'] | undefined }) {
  const { t } = useTranslation('overview');
  const { gaps = 0, rejected = 0, damage = [], streams = 0, behind_bytes = 0 } = delivery ?? {};
  const words = [
    damage.length > 0 && t('lost.damage'),
    rejected > 0 && t('lost.rejected', { count: rejected, n: formatCount(rejected) }),
  ].filter(Boolean);
  const bad = gaps > 0 || words.length > 0;
  const fine =
    behind_bytes >= BEHIND_BYTES
      ? t('lost.behind', { size: formatBytes(behind_bytes) })
      : t('lost.streams', { count: streams });
  return (
    <Figure
      label={t('lost')}
      value={delivery && formatCount(gaps)}
      below={bad ? words.join(', ') || t('delivery.see') : fine}
      tone={bad ? 'bad' : undefined}
      link={{ to: '/delivery', search: { trouble: bad || undefined } }}
    />
  );
}

export function Numbers({ overview }: { overview: Overview | undefined }) {
  const { t } = useTranslation('overview');
  const trend = useTrend(overview);
  const { events, alerts } = overview ?? {};
  return (
    <section aria-label={t('numbers')}>
      <ul className={classes.numbers}>
        <Hosts hosts={overview?.hosts} />
        <OpenAlerts alerts={alerts} />
        <Figure
          label={t('alerts')}
          value={alerts && formatCount(alerts.last_day)}
          below={alerts && trend(alerts.last_day, alerts.day_before)}
          link={{ to: '/alerts', search: { state: 'all', since: '-24h' } }}
        />
        <Figure
          label={t('events')}
          value={events && formatShort(events.last_day)}
          title={events && formatCount(events.last_day)}
          below={events && trend(events.last_day, events.day_before)}
          link={{ to: '/search', search: { from: '-24h', to: 'now' } }}
        />
        <Lost delivery={overview?.delivery} />
      </ul>
    </section>
  );
}
