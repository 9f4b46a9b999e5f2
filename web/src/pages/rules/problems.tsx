import { useTranslation } from 'react-i18next';
import type { Rules } from '@/api/types';
import { formatCount } from '@/lib/format';
import { SafeText } from '@/parts/safe-text';
import { Command } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './rules.module.css';

/** That changed files are not in use, and which rules cannot be used: why, and what to do. */
export function Problems({ rules }: { rules: Rules }) {
  const { t } = useTranslation('rules');
  const { refused, problems = [], loaded } = rules;
  return (
    <>
      {refused && (
        <section className={classes.problem} data-tone="bad" role="alert">
          <h2>{t('refused')}</h2>
          <p className={classes.why}>
            <SafeText text={refused} />
          </p>
          <p>
            {t('refused.still')} <Time at={loaded} />. {t('refused.todo')}
          </p>
          <Command text="watchpost rules check" />
        </section>
      )}
      {problems.length > 0 && (
        <section className={classes.problem} data-tone="warn" aria-label={t('problems.label')}>
          <h2>{t('problems', { count: problems.length, n: formatCount(problems.length) })}</h2>
          <p>{t('problems.todo')}</p>
          <details open={problems.length <= 3}>
            <summary>{t('problems.list')}</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
            <ul tabIndex={0} aria-label={t('problems.label')}>
              {problems.map((problem) => (
                <li key={problem}>
                  <SafeText text={problem} />
                </li>
              ))}
            </ul>
          </details>
          <Command text="watchpost rules check" />
        </section>
      )}
    </>
  );
}
