import { type ReactNode, useCallback, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import { useRangeName } from '@/app/range-name';
import { useSettings } from '@/app/settings';
import { useTimeRange } from '@/app/time-range';
import { serverNow } from '@/lib/clock';
import { idOf } from '@/lib/event';
import { formatCount } from '@/lib/format';
import { type Span, wider } from '@/lib/range';
import { formatSecond } from '@/lib/time';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Command, Empty, Failure, Warning } from '@/parts/states';
import type { DetailActions } from './detail';
import { useTotal } from './histogram';
import { type Results, type ResultsState, ROWS_MAX } from './results';
import classes from './search.module.css';
import { ResultsStatus } from './status';
import { Table } from './table';
import { Toolbar } from './toolbar';
import { type Selection, useSelection } from './use-selection';
import type { View } from './use-view';

export interface PaneProps {
  view: View;
  span: Span;
  actions: DetailActions;
  link(): string;
  showKeys(): void;
  /** Tells the page which selection its keys move. */
  onSelection(selection: Selection): void;
}

/** Found events, newest first. */
export function ResultsPane(props: PaneProps & { results: Results; state: ResultsState }) {
  const { view, span, actions, results, state, onSelection } = props;
  const total = useTotal(view.q, span);
  const { setEvent } = view;
  const opened = useCallback(
    (row: { event: Parameters<typeof idOf>[0] } | undefined) => setEvent(row && idOf(row.event)),
    [setEvent],
  );
  const selection = useSelection({ rows: state, opened });
  useEffect(() => onSelection(selection), [selection, onSelection]);
  useOpenFromAddress(view.event, state, selection);
  const more = useCallback(() => results.more(), [results]);
  const { phase, count } = state;
  return (
    <>
      <Toolbar view={view} span={span} link={props.link} showKeys={props.showKeys}>
        <ResultsStatus results={results} state={state} total={total} />
      </Toolbar>
      <Table
        rows={state}
        q={view.q}
        columns={view.columns}
        setColumns={view.setColumns}
        selection={selection}
        actions={actions}
        more={more}
        progress={phase === 'running' ? Math.max(state.progress?.done ?? 0, 0.02) : undefined}
        instead={
          count === 0 ? <Instead view={view} span={span} {...{ results, state }} /> : undefined
        }
        foot={<Foot state={state} />}
      />
      <Notes results={results} state={state} />
    </>
  );
}

/** How many rows are looked through for the event of the address. */
const LOOKED = 300;

/** Opens the event the address names, once, when its row comes. */
function useOpenFromAddress(id: string | undefined, state: ResultsState, selection: Selection) {
  const sought = useRef(id);
  const looked = useRef(0);
  useEffect(() => {
    if (!sought.current) return;
    for (; looked.current < Math.min(state.count, LOOKED); looked.current += 1) {
      const row = state.at(looked.current);
      if (!row || idOf(row.event) !== sought.current) continue;
      sought.current = undefined;
      selection.select(row.key);
      selection.toggle(row.key);
      selection.table.current?.reveal(looked.current, 'center');
      return;
    }
  }, [state, selection]);
}

function Foot({ state }: { state: ResultsState }): ReactNode {
  const { t } = useTranslation(['search', 'common']);
  if (state.phase === 'running') return t('common:loading');
  if (state.phase === 'full') return t('rows.limit', { shown: formatCount(ROWS_MAX) });
  return state.phase === 'done' ? t('rows.end') : null;
}

interface StateProps {
  results: Results;
  state: ResultsState;
}

/** In place of rows: the failure, or what to do when nothing was found. */
function Instead({ view, span, results, state }: StateProps & { view: View; span: Span }) {
  const { t } = useTranslation(['search', 'common']);
  const { zone } = useSettings();
  const { range, setRange } = useTimeRange();
  const name = useRangeName();
  // A mistake in the query is told where it was written.
  if (state.phase === 'failed' && !isApiError(state.error, 'bad_query')) {
    return <Failure error={state.error} retry={() => results.retry()} />;
  }
  if (state.phase !== 'done') return null;
  const next = wider(range, serverNow());
  const actions = (
    <>
      {next && (
        <Button look="primary" onClick={() => setRange({ from: next, to: 'now' })}>
          {t('empty.widen', { range: lowerFirst(name({ from: next, to: 'now' })) })}
        </Button>
      )}
      {view.q && <Button onClick={() => view.run('')}>{t('empty.clear')}</Button>}
    </>
  );
  return (
    <Empty title={t(view.q ? 'empty.title' : 'empty.range')} actions={actions}>
      <p>
        {t('empty.text', { from: formatSecond(span.from, zone), to: formatSecond(span.to, zone) })}
      </p>
      {!view.q && (
        <>
          <p>{t('empty.send')}</p>
          <Command text="echo hello | watchpost send --name first-try" />
        </>
      )}
    </Empty>
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Below the rows, so that what comes late moves none of them. */
function Notes({ results, state }: StateProps) {
  const { t } = useTranslation('search');
  const failed = state.phase === 'failed' && state.count > 0;
  if (!failed && state.damage.length === 0) return null;
  return (
    <div className={classes.notes}>
      {failed && <Failure error={state.error} retry={() => results.retry()} />}
      {state.damage.length > 0 && (
        <Warning>
          <strong>{t('damage')}</strong>
          <ul>
            {state.damage.map((sentence) => (
              <li key={sentence}>
                <SafeText text={sentence} />
              </li>
            ))}
          </ul>
        </Warning>
      )}
    </div>
  );
}
