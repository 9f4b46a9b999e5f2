import { useCallback, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty } from '@/parts/states';
import { LiveStatus } from './live-status';
import type { PaneProps } from './results-pane';
import { Table } from './table';
import { Toolbar } from './toolbar';
import { useLive } from './use-live';
import { useSelection } from './use-selection';

/** Further from the top than this, a person reads and the list is held. */
const AWAY_PX = 12;
const nothing = () => undefined;

/** Events as they arrive, the newest at the top. */
export function LivePanel(props: PaneProps) {
  const { view, span, actions, onSelection } = props;
  const { t } = useTranslation('search');
  const { live, state } = useLive(view.q);
  const held = useRef(false);
  const selection = useSelection({
    rows: state,
    // An open event would be pushed away by the next line.
    opened: useCallback((row: unknown) => row && live.pause(), [live]),
  });
  useEffect(() => onSelection(selection), [selection, onSelection]);
  const { table } = selection;
  const scrolled = useCallback(
    (top: number) => {
      if (top > AWAY_PX && !held.current) {
        held.current = true;
        live.pause();
      } else if (top === 0 && held.current) {
        held.current = false;
        live.resume();
      }
    },
    [live],
  );
  const { paused } = state;
  useEffect(() => {
    // Resumed by its button: back to where the new ones come.
    if (paused) return;
    held.current = false;
    table.current?.reveal(0, 'start');
  }, [paused, table]);
  return (
    <>
      <Toolbar view={view} span={span} link={props.link} showKeys={props.showKeys}>
        <LiveStatus live={live} state={state} />
      </Toolbar>
      <Table
        rows={state}
        q={view.q}
        columns={view.columns}
        setColumns={view.setColumns}
        selection={selection}
        actions={actions}
        more={nothing}
        scrolled={scrolled}
        instead={
          state.count === 0 && state.status.kind === 'open' ? (
            <Empty title={t('live.open')}>
              <p>{t('live.waiting')}</p>
            </Empty>
          ) : undefined
        }
        foot={null}
      />
    </>
  );
}
