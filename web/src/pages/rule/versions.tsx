import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { RuleVersion } from '@/api/types';
import { difference } from '@/lib/rule-text';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './rule.module.css';

interface Props {
  versions: RuleVersion[];
  /** Puts a version's text into the editor. */
  take(text: string): void;
}

/** Who changed a rule, when, why, and what. */
export function Versions({ versions, take }: Props) {
  const { t } = useTranslation('rule');
  const id = useId();
  return (
    <section className={classes.part} aria-labelledby={id}>
      <h2 id={id}>{t('versions')}</h2>
      <ol className={classes.versions}>
        {versions.map((one, at) => (
          <li key={one.version}>
            <p>
              <b>{one.version}</b> <Time at={one.made} precision="minute" />{' '}
              <bdi>{t('by', { who: safeString(one.made_by) })}</bdi>{' '}
              {one.deleted && t('versions.removed')} <SafeText text={one.note} />
            </p>
            <div className={classes.actions}>
              <Button small onClick={() => take(one.text)}>
                {t('versions.take')}
              </Button>
            </div>
            <Change before={versions[at + 1]?.text} after={one.text} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Change({ before, after }: { before?: string; after: string }) {
  const { t } = useTranslation('rule');
  if (before === undefined || before === after) return null;
  return (
    <details>
      <summary>{t('versions.change')}</summary>
      <pre className={classes.diff}>
        {difference(before, after).map(({ sign, text }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text
          <span key={at} data-sign={sign}>
            {sign} <SafeText text={text} />
            {'\n'}
          </span>
        ))}
      </pre>
    </details>
  );
}
