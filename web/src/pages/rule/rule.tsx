import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ruleQuery } from '@/api/rules';
import type { RuleView } from '@/api/types';
import { formatCount } from '@/lib/format';
import { copyOf, template } from '@/lib/rule-text';
import { Level } from '@/parts/level';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Failure } from '@/parts/states';
import { Exceptions } from './exceptions';
import { Import } from './import';
import classes from './rule.module.css';
import { Switch } from './switch';
import { Work } from './work';

/** One rule: its text and state, and what is tried and made of it; or a new one. */
export function RulePage() {
  const { t } = useTranslation('rule');
  const { key, copy } = useSearch({ from: '/inside/rule' });
  const wanted = key ?? copy;
  return (
    <div className={classes.page}>
      <p className={classes.back}>
        <Link to="/rules">{t('back')}</Link>
      </p>
      {wanted === undefined ? (
        <New key="new" text={() => template(crypto.randomUUID())} withFiles />
      ) : (
        <Known key={`${key}/${copy}`} ruleKey={wanted} isCopy={key === undefined} />
      )}
    </div>
  );
}

function Known({ ruleKey, isCopy }: { ruleKey: string; isCopy: boolean }) {
  const { t } = useTranslation('rule');
  const query = useQuery(ruleQuery(ruleKey));
  const { data, error } = query;
  if (!data) {
    return error ? (
      <Failure error={error} retry={() => void query.refetch()} />
    ) : (
      <div className={classes.waiting}>
        <Skeleton width="40%" />
        <Skeleton width="70%" />
      </div>
    );
  }
  if (isCopy) {
    const { text = '', id, title } = data;
    return <New text={() => copyOf({ text, id, title }, crypto.randomUUID(), t('copy.word'))} />;
  }
  return (
    <>
      <Head rule={data} />
      <Work rule={data} text={data.text ?? ''} />
      <Exceptions rule={data} />
    </>
  );
}

function New({ text, withFiles }: { text(): string; withFiles?: boolean }) {
  const { t } = useTranslation('rule');
  const [first] = useState(text);
  return (
    <>
      <header className={classes.head}>
        <h2>{t('new')}</h2>
        <p className={classes.hint}>{t('new.hint')}</p>
      </header>
      <Work text={first} />
      {withFiles && <Import />}
    </>
  );
}

function Head({ rule }: { rule: RuleView }) {
  const { t } = useTranslation('rule');
  const { title, level, description, origin, file, version, hits, detections, excepted } = rule;
  return (
    <header className={classes.head}>
      <h2>
        <SafeText text={title} /> <Level level={level} />
      </h2>
      {description && (
        <p>
          <SafeText text={description} keepLines />
        </p>
      )}
      <p className={classes.hint}>
        {t(`origin.${origin}`)}
        {version !== undefined && `, ${t('version', { version })}`}
        {origin === 'file' && (
          <>
            {' '}
            <code>
              <SafeText text={file} />
            </code>
          </>
        )}
        {'. '}
        {t('counts', {
          hits: formatCount(hits),
          found: formatCount(detections),
          excepted: formatCount(excepted),
        })}
      </p>
      <Switch rule={rule} />
    </header>
  );
}
