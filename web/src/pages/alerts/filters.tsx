import { useTranslation } from 'react-i18next';
import type { AlertList } from '@/api/types';
import { useSettings } from '@/app/settings';
import { countOf, LEVELS, levelOf, STATES } from '@/lib/alert';
import { formatCount } from '@/lib/format';
import { formatMinute } from '@/lib/time';
import classes from './filters.module.css';
import type { View } from './use-view';

const SINCE = ['-1h', '-24h', '-7d', '-30d'] as const;

interface Props {
  view: View;
  counts: AlertList['counts'] | undefined;
}

/** Which alerts: by state with their numbers, by least level, by time. */
export function Filters({ view, counts }: Props) {
  const { t } = useTranslation('alerts');
  const { filter, setFilter } = view;
  return (
    <div className={classes.filters}>
      <fieldset className={classes.states} aria-label={t('state.label')}>
        {STATES.map((state) => (
          <button
            key={state}
            type="button"
            aria-pressed={filter.state === state}
            onClick={() => setFilter({ state: state === 'open' ? undefined : state })}
          >
            {t(`state.${state}`)}
            <span className={classes.count}>
              {counts ? formatCount(countOf(counts, state, filter.level)) : '\u2007'}
            </span>
          </button>
        ))}
      </fieldset>
      <select
        className={classes.select}
        aria-label={t('level.label')}
        value={filter.level ?? ''}
        onChange={(event) => setFilter({ level: levelOf(event.target.value) })}
      >
        <option value="">{t('level.any')}</option>
        {LEVELS.slice(0, -1).map((level) => (
          <option key={level} value={level}>
            {level === 'critical'
              ? t('level.critical')
              : t('level.least', { level: t(`level.${level}`) })}
          </option>
        ))}
      </select>
      <Since view={view} />
    </div>
  );
}

function Since({ view }: { view: View }) {
  const { t } = useTranslation('alerts');
  const { zone } = useSettings();
  const { since } = view.filter;
  const known = SINCE.find((one) => one === since);
  const at = since ? Date.parse(since) : Number.NaN;
  return (
    <select
      className={classes.select}
      aria-label={t('since.label')}
      value={since ?? ''}
      onChange={(event) => view.setFilter({ since: event.target.value || undefined })}
    >
      <option value="">{t('since.any')}</option>
      {SINCE.map((one) => (
        <option key={one} value={one}>
          {t(`since.${one}`)}
        </option>
      ))}
      {since && !known && (
        <option value={since}>
          {t('since.exact', { at: Number.isNaN(at) ? since : formatMinute(at, zone) })}
        </option>
      )}
    </select>
  );
}
