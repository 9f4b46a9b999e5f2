import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { AlertInfo } from '@/api/types';
import { storyOf, toneOf } from '@/lib/alert';
import { formatCount } from '@/lib/format';
import { cut, safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Command } from '@/parts/states';
import { Ago } from '@/parts/time';
import classes from './overview.module.css';

const STORY_MAX = 300;
const PLACES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

export function Newest({ alerts }: { alerts: AlertInfo[] | undefined }) {
  const { t } = useTranslation('overview');
  return (
    <section>
      <header className={classes.head}>
        <h2>{t('newest.title')}</h2>
        <Link to="/alerts">{t('newest.all')}</Link>
      </header>
      {alerts?.length === 0 && (
        <div className={classes.quiet}>
          <p>{t('newest.none')}</p>
          <p>{t('newest.none.text')}</p>
          <Command text="watchpost rules list" />
        </div>
      )}
      <ul className={classes.alerts}>
        {alerts
          ? alerts.map((alert) => <Line key={alert.id} alert={alert} />)
          : PLACES.map((place) => <Place key={place} />)}
      </ul>
    </section>
  );
}

function Line({ alert }: { alert: AlertInfo }) {
  const story = cut(storyOf(alert), STORY_MAX);
  const { t } = useTranslation('alerts');
  return (
    <li className={classes.alert} style={{ borderColor: `var(--sev-${toneOf(alert.level)})` }}>
      <Link to="/alerts/$id" params={{ id: String(alert.id) }} className={classes.alertLink}>
        <span className={classes.alertTop}>
          <span className={classes.alertRule}>
            <span className="sr">{t(`level.${alert.level}`)}: </span>
            <SafeText text={alert.rule} />
          </span>
          {alert.count > 1 && (
            <span className={classes.alertCount} title={t('count.title', { count: alert.count })}>
              × {formatCount(alert.count)}
            </span>
          )}
          <span className={classes.alertTime}>
            <Ago at={alert.last} />
          </span>
        </span>
        <span className={classes.alertStory} title={safeString(story)}>
          {alert.host && (
            <>
              <SafeText text={alert.host} />
              {' · '}
            </>
          )}
          <SafeText text={story} />
        </span>
      </Link>
    </li>
  );
}

function Place() {
  return (
    <li className={classes.alert}>
      <span className={classes.alertLink}>
        <span className={classes.alertTop}>
          <Skeleton width={180} />
        </span>
        <span className={classes.alertStory}>
          <Skeleton width="70%" />
        </span>
      </span>
    </li>
  );
}
