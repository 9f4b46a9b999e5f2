import { useTranslation } from 'react-i18next';
import { useSettings } from '@/app/settings';
import { formatCount, formatDuration, formatShare } from '@/lib/format';
import { formatSecond } from '@/lib/time';
import { Button } from '@/parts/button';
import type { Results, ResultsState } from './results';

interface ResultsProps {
  results: Results;
  state: ResultsState;
  total: number | undefined;
}

/** How far the search is while it runs; what it found and cost when it is over. */
export function ResultsStatus({ results, state, total }: ResultsProps) {
  const { t } = useTranslation('search');
  if (state.phase === 'running' && state.first) return <Running results={results} state={state} />;
  if (state.phase === 'failed' && state.count === 0) return null;
  const loaded = formatCount(state.count);
  const known = total !== undefined && total > state.count;
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
