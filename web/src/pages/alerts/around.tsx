import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { beforeQuery } from '@/api/alerts';
import type { AlertInfo } from '@/api/types';
import { fieldOf, idOf, sourceOf, textOf, timeOf } from '@/lib/event';
import { cut, safeString } from '@/lib/safe-text';
import { severityOf } from '@/lib/severity';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Failure } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './detail.module.css';
import { Part } from './part';
import { filter, searchAround } from './search-link';

const MESSAGE_MAX = 300;
const WIDTHS = ['70%', '55%', '80%', '62%', '48%'];

/** What the host said last before it. */
export function Around({ alert }: { alert: AlertInfo }) {
  const { t } = useTranslation('alerts');
  const query = useQuery(beforeQuery(alert));
  if (!alert.host) return null;
  const filters = [filter('host.name', alert.host)];
  const events = query.data?.events;
  return (
    <Part
      title={<SafeText text={t('around.title', { host: alert.host })} />}
      beside={
        <Link to="/search" search={searchAround(alert.first, filters)}>
          {t('around.link')}
        </Link>
      }
    >
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {events?.length === 0 && <p className={classes.dim}>{t('around.empty')}</p>}
      {/* The room of ten lines is held, so that what stands below does not move. */}
      <ol className={classes.lines} aria-busy={query.isPending}>
        {query.isPending &&
          WIDTHS.map((width) => (
            <li key={width} className={classes.place}>
              <Skeleton width={width} />
            </li>
          ))}
        {events?.map((event, index) => (
          <li
            key={idOf(event) ?? index}
            style={{
              borderLeftColor: `var(--sev-${severityOf(fieldOf(event, 'log.level'))})`,
            }}
          >
            <Link
              to="/search"
              search={searchAround(timeOf(event), filters, idOf(event))}
              title={safeString(cut(textOf(event.message), 2000))}
            >
              <Time at={timeOf(event)} />
              <span className={classes.source}>
                <SafeText text={sourceOf(event)} />
              </span>
              <span className={classes.line}>
                <SafeText text={cut(textOf(event.message), MESSAGE_MAX)} />
              </span>
            </Link>
          </li>
        ))}
      </ol>
    </Part>
  );
}
