import { useTranslation } from 'react-i18next';
import type { RuleDetail } from '@/api/types';
import { AttackTag } from '@/parts/attack-tag';
import { Copy } from '@/parts/copy';
import { Level } from '@/parts/level';
import { SafeText } from '@/parts/safe-text';
import classes from './detail.module.css';
import { Part } from './part';

/** The rule in plain words, and as it stands in its file. */
export function Rule({ rule }: { rule: RuleDetail | undefined }) {
  const { t } = useTranslation('alerts');
  if (!rule) {
    return (
      <Part title={t('rule.title')}>
        <p className={classes.dim}>{t('rule.gone')}</p>
      </Part>
    );
  }
  return (
    <Part title={t('rule.title')}>
      <p className={classes.ruleTitle}>
        <SafeText text={rule.title} />
      </p>
      {rule.description && (
        <p>
          <SafeText text={rule.description} keepLines />
        </p>
      )}
      <dl className={classes.facts}>
        <div>
          <dt>{t('rule.level')}</dt>
          <dd>
            <Level level={rule.level} />
          </dd>
        </div>
        {rule.tags.length > 0 && (
          <div>
            <dt>{t('rule.tags')}</dt>
            <dd className={classes.tags}>
              {rule.tags.map((tag) => (
                <AttackTag key={tag} text={tag} />
              ))}
            </dd>
          </div>
        )}
        <div>
          <dt>{t('rule.file')}</dt>
          <dd>
            <code>
              <SafeText text={rule.file} />
            </code>
          </dd>
        </div>
      </dl>
      <details className={classes.yaml}>
        <summary>{t('rule.yaml')}</summary>
        {rule.yaml ? (
          <div className={classes.file}>
            <Copy text={rule.yaml} />
            <pre>
              <SafeText text={rule.yaml} keepLines />
            </pre>
          </div>
        ) : (
          <p className={classes.dim}>{t('rule.yaml.none')}</p>
        )}
      </details>
    </Part>
  );
}
