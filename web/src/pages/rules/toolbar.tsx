import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Rules } from '@/api/types';
import { LEVELS, levelOf } from '@/lib/alert';
import { formatCount } from '@/lib/format';
import { ORIGINS, type Origin } from '@/lib/rules';
import { Button } from '@/parts/button';
import { Command } from '@/parts/states';
import { Time } from '@/parts/time';
import { useKeys } from '@/parts/use-keys';
import { Find } from './find';
import classes from './rules.module.css';
import type { View } from './use-view';

interface Props {
  view: View;
  /** Undefined while they are fetched. */
  rules: Rules | undefined;
  counts: Readonly<Record<Origin, number>> | undefined;
}

/** Which rules: by words, level and where they are from. */
export function Toolbar({ view, rules, counts }: Props) {
  const { t } = useTranslation(['rules', 'alerts']);
  const [told, setTold] = useState(false);
  const navigate = useNavigate();
  const { filter, change } = view;
  useKeys({
    '?': () => setTold(!told),
    n: () => void navigate({ to: '/rule' }),
    '/': () => document.getElementById('find-rule')?.focus(),
  });
  return (
    <>
      <div className={classes.toolbar}>
        <Find view={view} />
        <fieldset className={classes.origins} aria-label={t('origin')}>
          {ORIGINS.map((origin) => (
            <button
              key={origin}
              type="button"
              aria-pressed={filter.origin === origin}
              onClick={() => change({ origin: origin === 'all' ? undefined : origin })}
            >
              {t(`origin.${origin}`)}
              <span>{counts ? formatCount(counts[origin]) : '\u2007'}</span>
            </button>
          ))}
        </fieldset>
        <select
          className={classes.select}
          aria-label={t('alerts:level.label')}
          value={filter.least ?? ''}
          onChange={(event) => change({ level: levelOf(event.target.value) })}
        >
          <option value="">{t('alerts:level.any')}</option>
          {LEVELS.slice(0, -1).map((level) => (
            <option key={level} value={level}>
              {level === 'critical'
                ? t('alerts:level.critical')
                : t('alerts:level.least', { level: t(`alerts:level.${level}`) })}
            </option>
          ))}
        </select>
        <span className={classes.loaded}>
          {rules && (
            <>
              {t('loaded')} <Time at={rules.loaded} />
            </>
          )}
        </span>
        <Link to="/rule" className={classes.new}>
          {t('new')}
        </Link>
        <Button
          look="quiet"
          aria-expanded={told}
          title={`${t('commands')} (?)`}
          onClick={() => setTold(!told)}
        >
          {t('commands')}
        </Button>
      </div>
      {told && <Commands />}
      <p className="sr" role="status">
        {counts &&
          t('shown', { count: counts[filter.origin], n: formatCount(counts[filter.origin]) })}
      </p>
    </>
  );
}

const COMMANDS = [
  ['commands.test', 'watchpost rules test'],
  ['commands.import', 'watchpost rules import sigma_all_rules.zip --dry-run'],
  [
    'commands.explain',
    "watchpost search 'process.name:nmap' --limit 1 --json | watchpost rules explain process_unwanted_tool",
  ],
] as const;

/** What is done with rules in a terminal. */
function Commands() {
  const { t } = useTranslation('rules');
  return (
    <div className={classes.commands}>
      {COMMANDS.map(([what, command]) => (
        <div key={what}>
          <p>{t(what)}</p>
          <Command text={command} />
        </div>
      ))}
    </div>
  );
}
