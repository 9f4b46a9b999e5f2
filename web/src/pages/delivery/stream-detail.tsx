/* biome-ignore-all lint/a11y/useSemanticElements: a row among rows that are placed one by one */
/* biome-ignore-all lint/a11y/useFocusableInteractive: the link within takes the focus */
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Skip, StreamState } from '@/api/types';
import { isConfigured, isLoss, OWN_AGENT } from '@/lib/delivery';
import { formatCount } from '@/lib/format';
import { filterText } from '@/lib/query';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './stream-table.module.css';

const REASONS = [
  'filter',
  'empty',
  'ignore',
  'record-too-long',
  'unreadable',
  'kernel-events-lost',
  'queue-full',
  'before-start',
  'spool-full',
  'source-gone',
  'ledger-damage',
  'too-large',
] as const;

/** A reason in words; one of a newer agent as it came. */
function Reason({ reason }: { reason: string }) {
  const { t } = useTranslation('delivery');
  const known = REASONS.find((one) => one === reason);
  return known ? t(`reason.${known}`) : <SafeText text={reason} />;
}

/** What a stream left out and lost, reason by reason. */
export function StreamDetail({ stream }: { stream: StreamState }) {
  const { t } = useTranslation('delivery');
  const query = ['agent.id', 'watchpost.stream']
    .map((field, index) =>
      filterText({ field, value: index ? stream.stream : stream.agent, negate: false }),
    )
    .join(' ');
  return (
    <div role="row">
      <div role="cell" className={classes.detail}>
        {stream.agent === OWN_AGENT && <p>{t('own.text')}</p>}
        {stream.ended && <p>{t('detail.ended')}</p>}
        <dl>
          <Leftout dropped={stream.dropped} />
          <Holes skips={stream.skips} />
          <div>
            <dt>{t('detail.updated')}</dt>
            <dd>
              <Time at={stream.updated} precision="milli" />
            </dd>
          </div>
          <div>
            <dt>{t('detail.position')}</dt>
            <dd>
              {t('detail.position.text', {
                cursor: formatCount(stream.cursor),
                stored: formatCount(stream.stored),
              })}
              {' · '}
              {t('detail.epoch')} <code>{stream.epoch}</code>
            </dd>
          </div>
        </dl>
        <Link to="/search" search={{ q: query, from: '-24h', to: 'now' }}>
          {t('detail.search')}
        </Link>
      </div>
    </div>
  );
}

function Leftout({ dropped }: { dropped: StreamState['dropped'] }) {
  const { t } = useTranslation('delivery');
  const reasons = Object.entries(dropped).sort(([, a], [, b]) => b - a);
  return (
    <div>
      <dt>{t('detail.leftout')}</dt>
      <dd>
        {reasons.length === 0 && t('detail.none')}
        <ul>
          {reasons.map(([reason, count]) => (
            <li key={reason}>
              {t('detail.records', { count, n: formatCount(count) })}: <Reason reason={reason} />
              {isConfigured(reason) && <span className={classes.dim}>, {t('detail.wanted')}</span>}
            </li>
          ))}
        </ul>
      </dd>
    </div>
  );
}

function Holes({ skips }: { skips: Skip[] }) {
  const { t } = useTranslation('delivery');
  return (
    <div>
      <dt>{t('detail.holes')}</dt>
      <dd>
        {skips.length === 0 && t('detail.none')}
        <ul>
          {skips.toReversed().map((skip) => (
            <li key={`${skip.from} ${skip.to}`}>
              <span className={isLoss(skip) ? classes.loss : classes.dim}>
                {t(isLoss(skip) ? 'detail.loss' : 'detail.wanted')}
              </span>{' '}
              {t('detail.hole', { from: formatCount(skip.from), to: formatCount(skip.to) })}:{' '}
              <Reason reason={skip.reason} />
              {isLoss(skip) && (
                <>
                  {', '}
                  {skip.records > 0
                    ? t('detail.records', { count: skip.records, n: formatCount(skip.records) })
                    : t('detail.records.unknown')}
                </>
              )}
            </li>
          ))}
        </ul>
      </dd>
    </div>
  );
}
