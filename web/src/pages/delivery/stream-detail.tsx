/* biome-ignore-all lint/a11y/useSemanticElements: a row among rows that are placed one by one */
/* biome-ignore-all lint/a11y/useFocusableInteractive: the link within takes the focus */
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Skip, StreamState } from '@/api/types';
import { isConfigured, isLoss, OWN_AGENT } from '@/lib/delivery';
import { formatBytes, formatCount, formatDuration } from '@/lib/format';
import { filterText } from '@/lib/query';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import { useReason } from './reason';
import classes from './stream-table.module.css';

function Reason({ reason }: { reason: string }) {
  return <SafeText text={useReason()(reason)} />;
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
          <Extras stream={stream} />
          <div>
            <dt>{t('detail.updated')}</dt>
            <dd>
              <Time at={stream.updated} precision="milli" />
              {stream.last_read && (
                <>
                  {' · '}
                  {t('detail.last-read')} <Time at={stream.last_read} precision="milli" />
                </>
              )}
            </dd>
          </div>
          <div>
            <dt>{t('detail.position')}</dt>
            <dd>
              {stream.read_to !== undefined &&
                stream.spooled !== undefined &&
                `${t('detail.position.agent', {
                  read: formatCount(stream.read_to),
                  spooled: formatCount(stream.spooled),
                })}, `}
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

/** What most streams have nothing of. */
function Extras({ stream }: { stream: StreamState }) {
  const { t } = useTranslation('delivery');
  const { lag, overlong, duplicates, duplicates_at_readers: met, conflicts } = stream;
  return (
    <>
      {lag.records > 0 && (
        <div>
          <dt>{t('column.lag')}</dt>
          <dd>
            {t('detail.waiting', {
              records: t('detail.records', { count: lag.records, n: formatCount(lag.records) }),
              span: formatDuration(lag.seconds * 1000),
            })}
          </dd>
        </div>
      )}
      {stream.silent_since && (
        <div>
          <dt>{t('detail.silent')}</dt>
          <dd className={classes.loss}>
            <Time at={stream.silent_since} precision="milli" />
          </dd>
        </div>
      )}
      {stream.expected_seconds !== undefined && (
        <div>
          <dt>{t('detail.expected')}</dt>
          <dd>{formatDuration(stream.expected_seconds * 1000)}</dd>
        </div>
      )}
      {overlong.records > 0 && (
        <div>
          <dt>{t('detail.overlong')}</dt>
          <dd>
            {t('detail.overlong.text', {
              records: t('detail.records', {
                count: overlong.records,
                n: formatCount(overlong.records),
              }),
              size: formatBytes(overlong.omitted),
            })}
          </dd>
        </div>
      )}
      {duplicates + met > 0 && (
        <div>
          <dt>{t('detail.duplicates')}</dt>
          <dd>
            {t('detail.duplicates.text', { sent: formatCount(duplicates), met: formatCount(met) })}
          </dd>
        </div>
      )}
      {conflicts > 0 && (
        <div>
          <dt>{t('detail.conflicts')}</dt>
          <dd>{formatCount(conflicts)}</dd>
        </div>
      )}
      {stream.unwatched.length > 0 && (
        <div>
          <dt>{t('detail.unwatched')}</dt>
          <dd>
            <ul>
              {stream.unwatched.toReversed().map(({ from, to }) => (
                <li key={from}>
                  <Time at={from} precision="milli" /> – <Time at={to} precision="milli" />
                </li>
              ))}
            </ul>
          </dd>
        </div>
      )}
    </>
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
