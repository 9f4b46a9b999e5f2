import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '@/lib/format';
import { Button } from '@/parts/button';
import { LIVE_ROWS, type Live, type LiveState } from './live';
import classes from './toolbar.module.css';

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
