import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import { refreshNow } from '@/app/refresh';
import { getSettings, setSettings, useSettings } from '@/app/settings';
import { useSpan, useTimeRange } from '@/app/time-range';
import { idOf } from '@/lib/event';
import type { Span } from '@/lib/range';
import { useKeys } from '@/parts/use-keys';
import type { DetailActions } from './detail';
import { RunningExports } from './exports';
import { Facets } from './facets';
import { EventHistogram } from './histogram';
import { linkToEvent, linkToView } from './links';
import { QueryBox, type QueryBoxHandle } from './query-box';
import { type PaneProps, ResultsPane } from './results-pane';
import classes from './search.module.css';
import { useSearchCommands } from './search-commands';
import type { Selection } from './use-selection';
import { useResults } from './use-source';
import { useView, type View } from './use-view';

// These come when they are asked for.
const KeysDialog = lazy(() =>
  import('./keys-dialog').then((part) => ({ default: part.KeysDialog })),
);
const ContextPanel = lazy(() =>
  import('./context-panel').then((part) => ({ default: part.ContextPanel })),
);

const LivePanel = lazy(() => import('./live-panel').then((part) => ({ default: part.LivePanel })));
const TablePanel = lazy(() =>
  import('./table-panel').then((part) => ({ default: part.TablePanel })),
);

const LIVE_REFRESH_MS = 10_000;

/** Keys that work wherever nobody writes. */
function useSearchKeys(
  view: View,
  selection: React.RefObject<Selection | undefined>,
  focusQuery: () => void,
  showKeys: () => void,
) {
  const { zoomIn, zoomOut } = useTimeRange();
  const move = (by: number) => () => selection.current?.move(by);
  const page = (sign: number) => () => {
    const rows = selection.current?.table.current?.pageRows() ?? 20;
    selection.current?.move(sign * rows);
  };
  const open = () => {
    const { current } = selection;
    if (current?.key !== undefined) current.toggle(current.key);
  };
  const context = () => {
    const row = selection.current?.row();
    const id = row && idOf(row.event);
    if (id) view.setContext(id);
  };
  const close = () => {
    if (view.context) view.setContext(undefined);
    else selection.current?.close();
  };
  useKeys({
    '/': focusQuery,
    '?': showKeys,
    j: move(1),
    ArrowDown: move(1),
    k: move(-1),
    ArrowUp: move(-1),
    PageDown: page(1),
    PageUp: page(-1),
    Home: move(Number.NEGATIVE_INFINITY),
    End: move(Number.POSITIVE_INFINITY),
    Enter: open,
    o: open,
    c: context,
    Escape: close,
    w: () => setSettings({ wrap: !getSettings().wrap }),
    l: () => view.setLive(!view.live),
    '+': zoomIn,
    '=': zoomIn,
    '-': zoomOut,
  });
}

function useActions(view: View, links: { linkTo: DetailActions['linkTo'] }): DetailActions {
  const { filter, toggleColumn, setContext } = view;
  const { linkTo } = links;
  return useMemo(
    () => ({ filter, toggleColumn, context: setContext, linkTo }),
    [filter, toggleColumn, setContext, linkTo],
  );
}

export function SearchPage() {
  const view = useView();
  const span = useSpan();
  const settings = useSettings();
  const { t } = useTranslation('search');
  const box = useRef<QueryBoxHandle>(null);
  const selection = useRef<Selection>(undefined);
  const [keys, setKeys] = useState(false);
  const [error, setError] = useState<unknown>();
  const showKeys = useCallback(() => setKeys(true), []);
  const focusQuery = useCallback(() => box.current?.focus(), []);
  const { columns } = view;
  const linkTo = useCallback<DetailActions['linkTo']>(
    (event) => linkToEvent(event, columns),
    [columns],
  );
  const actions = useActions(view, { linkTo });
  useSearchKeys(view, selection, focusQuery, showKeys);
  useSearchCommands(view, focusQuery, showKeys);
  useLiveRefresh(view.live);
  const onSelection = useCallback((next: Selection) => {
    selection.current = next;
  }, []);
  const link = () => linkToView(view.q, view.columns, span);
  const pane: PaneProps = { view, span, actions, link, showKeys, onSelection };
  return (
    <div className={classes.page}>
      <div className={classes.query}>
        <QueryBox ref={box} q={view.q} span={span} error={error} run={view.run} />
      </div>
      {settings.facets && (
        <div className={classes.facets}>
          <Facets
            q={view.q}
            span={span}
            filter={view.filter}
            hide={() => setSettings({ facets: false })}
          />
        </div>
      )}
      <section className={classes.center} aria-label={t('rows')}>
        {settings.histogram && <EventHistogram q={view.q} span={span} />}
        <RunningExports />
        <Suspense>
          {view.live ? <LivePanel {...pane} /> : <Found {...pane} span={span} onError={setError} />}
        </Suspense>
      </section>
      <Suspense>
        {view.context && (
          <ContextPanel
            id={view.context}
            actions={actions}
            close={() => {
              view.setContext(undefined);
              selection.current?.table.current?.focus();
            }}
          />
        )}
        {keys && <KeysDialog opened close={() => setKeys(false)} />}
      </Suspense>
    </div>
  );
}

/** While live, the chart goes along, though not with every event. */
function useLiveRefresh(live: boolean) {
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => document.hidden || refreshNow(), LIVE_REFRESH_MS);
    return () => clearInterval(timer);
  }, [live]);
}

interface FoundProps extends PaneProps {
  span: Span;
  onError(error: unknown): void;
}

function Found({ onError, ...pane }: FoundProps) {
  const { results, state } = useResults(pane.view.q, pane.span);
  const error = state.phase === 'failed' ? state.error : undefined;
  useEffect(() => onError(error), [error, onError]);
  // Its pipes need all events: one answer, and no rows that stream.
  if (isApiError(error, 'is_table')) {
    return <TablePanel key={results.number} q={pane.view.q} span={pane.span} />;
  }
  // Another search has other rows: nothing of the old selection means anything there.
  return <ResultsPane key={results.number} {...pane} results={results} state={state} />;
}
