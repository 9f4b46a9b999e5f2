/* biome-ignore-all lint/a11y/useSemanticElements: see rule-table.tsx */
/* biome-ignore-all lint/a11y/useFocusableInteractive: the links within take the focus */
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { RuleInfo } from '@/api/types';
import { useTimeRange } from '@/app/time-range';
import { formatCount } from '@/lib/format';
import { tagOf } from '@/lib/mitre';
import { costParts, detectionsOf, type Found, fileOf, isBuiltin, keyOf } from '@/lib/rules';
import { safeString } from '@/lib/safe-text';
import { AttackTag } from '@/parts/attack-tag';
import { Level } from '@/parts/level';
import { SafeText } from '@/parts/safe-text';
import classes from './rule-table.module.css';

interface Props {
  rule: RuleInfo;
  index: number;
  found: Found;
}

/** One rule; its number leads to what it found. */
export const RuleRow = memo(function RuleRow({ rule, index, found }: Props) {
  const { t } = useTranslation('rules');
  const techniques = rule.tags.filter((tag) => tagOf(tag).kind === 'technique');
  const cost = costParts(rule.cost_ns);
  return (
    <div
      role="row"
      data-off={!rule.enabled || undefined}
      aria-rowindex={index + 2}
      className={classes.row}
    >
      <span role="cell" className={classes.level}>
        <Level level={rule.level} />
      </span>
      <span role="cell" className={classes.title}>
        <Link to="/rule" search={{ key: rule.key }}>
          <SafeText text={rule.title} />
        </Link>
        <Standing rule={rule} />
      </span>
      <span role="cell" className={classes.techniques}>
        {techniques.map((tag) => (
          <AttackTag key={tag} text={tag} />
        ))}
      </span>
      <span role="cell" className={classes.file} title={safeString(rule.file)}>
        {isBuiltin(rule) && <span>{t('builtin')}</span>}
        <code>
          <SafeText text={fileOf(rule)} />
        </code>
      </span>
      <span role="cell" className={classes.hits} title={t('hits.hint')}>
        {formatCount(rule.hits)}
      </span>
      <span role="cell" className={classes.cost} title={t('cost.hint')}>
        {cost ? t(`cost.${cost.unit}`, { value: cost.value }) : '–'}
      </span>
      <span role="cell" className={classes.found}>
        <Detections rule={rule} found={found} />
      </span>
    </div>
  );
});

/** Whether it is off, what it is not to find, and which version it is. */
function Standing({ rule }: { rule: RuleInfo }) {
  const { t } = useTranslation('rules');
  const { enabled, reason, exceptions, version, together = 0 } = rule;
  const said = [
    exceptions > 0 && t('exceptions', { count: exceptions }),
    version !== undefined && t('own.version', { version }),
  ].filter(Boolean);
  return (
    <>
      {!enabled && (
        <b className={classes.off} title={t('off.hint', { reason: safeString(reason ?? '') })}>
          {t('off')}
        </b>
      )}
      {together > 0 && (
        <b className={classes.off} title={t('together.hint', { n: formatCount(together) })}>
          {t('together')}
        </b>
      )}
      {said.length > 0 && <span className={classes.said}>{said.join(', ')}</span>}
    </>
  );
}

function Detections({ rule, found }: Pick<Props, 'rule' | 'found'>) {
  const { t } = useTranslation('rules');
  const { range } = useTimeRange();
  const count = found && (found.get(keyOf(rule)) ?? 0);
  const name = safeString(rule.title);
  return (
    <Link
      to="/search"
      search={{ q: detectionsOf(rule), ...range }}
      data-none={count === 0 || undefined}
      aria-label={
        count === undefined
          ? t('found.search', { rule: name })
          : t('found.label', { count, n: formatCount(count), rule: name })
      }
    >
      {count === undefined ? t('found.unknown') : formatCount(count)}
    </Link>
  );
}
