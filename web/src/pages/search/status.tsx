import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '@/app/settings';
import { formatCount, formatDuration, formatShare } from '@/lib/format';
import { formatSecond } from '@/lib/time';
import { Button } from '@/parts/button';
import type { Live, LiveState } from './live';
import { LIVE_ROWS } from './live';
import type { Results, ResultsState } from './results';
import classes from './toolbar.module.css';

interface ResultsProps {
  results: Results;
  state: ResultsState;
  total: number | undefined;
}

/** How far the search is while it runs; what it found and cost when it is over. */
export function ResultsStatus({ results, state, total }: ResultsProps) {
  const { t } = useTranslation('search');
  if (state.phase === 'running' && state.first) return <Running results={results} state={state} />;
  const loaded = formatCount(state.count);
  const known = total !== undefined && total >= state.count;
  return (
    <>
      <strong>
        {known
          ? t('rows.of', { count: total, loaded, shown: formatCount(total) })
          : t('rows.count', { count: state.count, shown: loaded })}
      </strong>
      {state.phase === 'cancelled' && <span>{t('status.cancelled')}</span>}
      {state.end && <Cost state={state} end={state.end} />}
    </>
  );
}

function Cost({ state, end }: { state: ResultsState; end: NonNullable<ResultsState['end']> }) {
  const { t } = useTranslation('search');
  const first = state.firstRow;
  const blocks = t('status.blocks', {
    read: formatCount(end.blocks_read),
    pruned: formatCount(end.blocks_pruned),
  });
  const shown = formatCount(state.examined);
  const soon = first === undefined ? '' : t('status.first', { time: formatDuration(first) });
  return (
    <span title={[soon, blocks].filter(Boolean).join('\n')}>
      {t('status.examined', { count: state.examined, shown })}{' '}
      {t('status.took', { time: formatDuration(end.took_ms) })}
    </span>
  );
}

function Running({ results, state }: { results: Results; state: ResultsState }) {
  const { t } = useTranslation('search');
  const { zone } = useSettings();
  const { progress } = state;
  const until = progress?.until ? Date.parse(progress.until) : undefined;
  return (
    <>
      <strong>{t('status.searching')}</strong>
      {progress && <span>{t('status.done', { share: formatShare(progress.done) })}</span>}
      {progress && (
        <span>
          {t('status.examined', {
            count: progress.examined,
            shown: formatCount(progress.examined),
          })}
        </span>
      )}
      {until && <span>{t('status.until', { time: formatSecond(until, zone) })}</span>}
      <Button small onClick={() => results.cancel()}>
        {t('status.cancel')}
      </Button>
    </>
  );
}

function useSecondsTo(moment: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (moment === undefined) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [moment]);
  return moment === undefined ? 0 : Math.max(0, Math.ceil((moment - now) / 1000));
}

/** Connection, rate, and what waits while the list is held. */
export function LiveStatus({ live, state }: { live: Live; state: LiveState }) {
  const { t } = useTranslation('search');
  const { status, paused, waiting } = state;
  const seconds = useSecondsTo(status.kind === 'lost' ? status.retryAt : undefined);
  const rate = formatCount(Math.round(state.rate * 10) / 10);
  return (
    <>
      {status.kind === 'connecting' && <span>{t('live.connecting')}</span>}
      {status.kind === 'lost' && (
        <span className={classes.lost}>{t('live.lost', { seconds })}</span>
      )}
      {status.kind === 'open' && (
        <strong className={paused ? undefined : classes.live}>
          {t(paused ? 'live.paused' : 'live.open')}
        </strong>
      )}
      <span>{t('live.rate', { rate })}</span>
      <span>{t('rows.count', { count: state.count, shown: formatCount(state.count) })}</span>
      {paused && waiting > 0 && (
        <span>{t('live.new', { count: waiting, shown: formatCount(waiting) })}</span>
      )}
      {state.overflowed && <span>{t('live.over', { shown: formatCount(LIVE_ROWS) })}</span>}
      <Button
        small
        look={paused ? 'primary' : 'plain'}
        onClick={() => (paused ? live.resume() : live.pause())}
      >
        {t(paused ? 'live.resume' : 'live.pause')}
      </Button>
    </>
  );
}
