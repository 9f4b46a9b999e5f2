import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Bucket, Overview } from '@/api/types';
import { useSettings } from '@/app/settings';
import { formatCount, formatShort } from '@/lib/format';
import { iso } from '@/lib/range';
import { SEVERITIES } from '@/lib/severity';
import { formatMinute, formatSpan } from '@/lib/time';
import { hoursOf, niceTop, stackOf } from '@/lib/volume';
import classes from './volume.module.css';

const HOUR_MS = 3_600_000;
/** The drawing's own units; it is stretched to the width there is. */
const HEIGHT = 100;
const SLOT = 10;
const GAP = 1.5;

const spanOfHour = (bucket: Bucket) => {
  const from = Date.parse(bucket.start);
  return { from: iso(from), to: iso(from + HOUR_MS) };
};

/** How much came in, hour by hour, the worst on top. Every bar leads to its hour in Search. */
export function Volume({ overview }: { overview: Overview | undefined }) {
  const { t } = useTranslation('overview');
  const hours = useMemo(
    () => (overview ? hoursOf(overview.events.hours, overview.at) : []),
    [overview],
  );
  const max = Math.max(0, ...hours.map((hour) => hour.total));
  const top = niceTop(max);
  const total = overview?.events.last_day ?? 0;
  const summary = t('volume.summary', { total: formatCount(total), max: formatCount(max) });
  return (
    <section className={classes.volume}>
      <header className={classes.head}>
        <h2>{t('volume.title')}</h2>
        <Legend hours={hours} />
      </header>
      {/* The drawing says nothing to a screen reader: this sentence does, and the table below. */}
      <p className="sr">{summary}</p>
      <div className={classes.chart}>
        <div className={classes.axis} aria-hidden="true">
          <span>{overview ? formatShort(top) : ''}</span>
          <span>0</span>
        </div>
        {overview && max === 0 && <p className={classes.none}>{t('volume.none')}</p>}
        <svg
          className={classes.plot}
          viewBox={`0 0 ${Math.max(hours.length, 1) * SLOT} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {hours.map((hour, index) => (
            <Bar key={hour.start} hour={hour} index={index} top={top} />
          ))}
        </svg>
        <Hours hours={hours} />
      </div>
      <Table hours={hours} />
    </section>
  );
}

function Bar({ hour, index, top }: { hour: Bucket; index: number; top: number }) {
  const { t } = useTranslation('overview');
  const { zone } = useSettings();
  const from = Date.parse(hour.start);
  const label = `${formatSpan(from, from + HOUR_MS, zone)}: ${formatCount(hour.total)}`;
  const x = index * SLOT;
  const y = (value: number) => HEIGHT - (value / top) * HEIGHT;
  return (
    // The keyboard has the table below: 25 stops on the way through the page would be too many.
    <Link
      to="/search"
      search={spanOfHour(hour)}
      tabIndex={-1}
      className={classes.bar}
      aria-label={t('volume.bar', {
        from: formatMinute(from, zone),
        to: formatMinute(from + HOUR_MS, zone).slice(11),
        count: hour.total,
      })}
    >
      <title>{label}</title>
      <rect className={classes.hit} x={x} y={0} width={SLOT} height={HEIGHT} />
      {stackOf(hour.counts).map(({ severity, from: low, to: high }) => (
        <rect
          key={severity}
          x={x + GAP / 2}
          width={SLOT - GAP}
          y={y(high)}
          height={y(low) - y(high)}
          fill={`var(--sev-${SEVERITIES[severity]})`}
        />
      ))}
    </Link>
  );
}

/** Which colours occur. Severity is fixed, so that a legend is only a reminder. */
function Legend({ hours }: { hours: Bucket[] }) {
  const { t } = useTranslation();
  const seen = SEVERITIES.filter((_, index) => hours.some((hour) => (hour.counts[index] ?? 0) > 0));
  return (
    <ul className={classes.legend}>
      {seen.map((severity) => (
        <li key={severity}>
          <i style={{ background: `var(--sev-${severity})` }} />
          {t(`severity.${severity}`)}
        </li>
      ))}
    </ul>
  );
}

/** The clock below every sixth bar; the last one is now. */
function Hours({ hours }: { hours: Bucket[] }) {
  const { zone } = useSettings();
  const last = hours.length - 1;
  return (
    <div className={classes.hours} aria-hidden="true">
      {hours.map((hour, index) =>
        (last - index) % 6 === 0 ? (
          <span key={hour.start} style={{ left: `${((index + 0.5) / hours.length) * 100}%` }}>
            {formatMinute(Date.parse(hour.start), zone).slice(11, 16)}
          </span>
        ) : null,
      )}
    </div>
  );
}

function Table({ hours }: { hours: Bucket[] }) {
  const { t } = useTranslation(['overview', 'common']);
  const { zone } = useSettings();
  const shown = hours.filter((hour) => hour.total > 0).reverse();
  return (
    <details className={classes.table}>
      <summary>{t('volume.table')}</summary>
      <div className={classes.scroll}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('volume.hour')}</th>
              <th scope="col">{t('volume.total')}</th>
              {SEVERITIES.map((severity) => (
                <th key={severity} scope="col">
                  {t(`common:severity.${severity}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((hour) => (
              <tr key={hour.start}>
                <th scope="row">
                  <Link to="/search" search={spanOfHour(hour)}>
                    {formatMinute(Date.parse(hour.start), zone)}
                  </Link>
                </th>
                <td>{formatCount(hour.total)}</td>
                {SEVERITIES.map((severity, index) => (
                  <td key={severity}>{formatCount(hour.counts[index] ?? 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
