import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type ReactNode,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
} from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '@/app/settings';
import { highlighterOf } from '@/lib/highlight';
import { tracksOf } from './columns';
import { Detail, type DetailActions } from './detail';
import type { Row, Rows } from './row';
import { RowLine, ShedLine } from './row-line';
import classes from './table.module.css';
import { TableHeader } from './table-header';
import type { Selection, TableHandle } from './use-selection';

const HEADER_PX = 28;
/** Asking for older rows begins this many rows before the end, so that scrolling meets none. */
const AHEAD = 300;

export interface TableProps {
  rows: Rows;
  q: string;
  columns: string[];
  setColumns(columns: string[]): void;
  selection: Selection;
  actions: DetailActions;
  /** Older rows are wanted. */
  more(): void;
  scrolled?: (top: number) => void;
  foot: ReactNode;
  /** 0..1 while something is searched. */
  progress?: number;
  /** Stands in place of the rows: nothing found, or a failure. */
  instead?: ReactNode;
}

function useRowsVirtualizer(props: TableProps, scroller: React.RefObject<HTMLDivElement | null>) {
  const { rows, selection } = props;
  const { wrap, dense } = useSettings();
  const height = dense ? 20 : 24;
  const virtualizer = useVirtualizer({
    count: rows.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => rows.at(index)?.key ?? index,
    overscan: 12,
    scrollMargin: HEADER_PX,
    scrollPaddingStart: HEADER_PX,
  });
  const { open } = selection;
  const before = useRef(open);
  // biome-ignore lint/correctness/useExhaustiveDependencies: these change the height of every row
  useEffect(() => virtualizer.measure(), [wrap, height]);
  useEffect(() => {
    // A closed row is not measured again by itself: only open and wrapped ones are watched.
    for (const key of before.current) {
      if (!open.has(key) && !wrap) virtualizer.resizeItem(rows.indexOf(key), height);
    }
    before.current = open;
  }, [open, rows, wrap, height, virtualizer]);
  return virtualizer;
}

export function Table(props: TableProps) {
  const { rows, q, columns, setColumns, selection, more, scrolled } = props;
  const { t } = useTranslation('search');
  const { zone, wrap, dense, widths } = useSettings();
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useRowsVirtualizer(props, scroller);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.count - AHEAD) more();
  }, [last, rows.count, more]);
  useImperativeHandle(
    selection.table,
    (): TableHandle => ({
      focus: () => scroller.current?.focus({ preventScroll: true }),
      reveal: (index, align) => virtualizer.scrollToIndex(index, { align: align ?? 'auto' }),
      pageRows: () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 480) / 26) - 2),
    }),
    [virtualizer],
  );
  const pattern = useMemo(() => highlighterOf(q), [q]);
  const look = useMemo(() => ({ columns, zone, wrap, pattern }), [columns, zone, wrap, pattern]);
  const style = { '--tracks': tracksOf(columns, widths) } as CSSProperties;
  const looks = [classes.scroller, dense && classes.dense, wrap && classes.wrapped];
  return (
    <div className={classes.wrap}>
      {props.progress !== undefined && (
        <div className={classes.progress} style={{ transform: `scaleX(${props.progress})` }} />
      )}
      <div
        id="events"
        ref={scroller}
        className={looks.filter(Boolean).join(' ')}
        style={style}
        role="grid"
        aria-label={t('rows')}
        aria-rowcount={rows.count + 1}
        aria-activedescendant={selection.key === undefined ? undefined : `row-${selection.key}`}
        tabIndex={0}
        onScroll={scrolled && ((event) => scrolled(event.currentTarget.scrollTop))}
      >
        <TableHeader columns={columns} setColumns={setColumns} scroller={scroller} />
        <div className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows.at(item.index);
            if (!row) return null;
            const open = selection.open.has(row.key);
            return (
              <TableRow
                key={item.key}
                row={row}
                index={item.index}
                top={item.start - HEADER_PX}
                measure={open || wrap ? virtualizer.measureElement : undefined}
                open={open}
                selection={selection}
              >
                <RowLine row={row} look={look} />
                {open && (
                  <Detail
                    event={row.event}
                    json={row.json}
                    actions={props.actions}
                    close={() => selection.toggle(row.key)}
                  />
                )}
              </TableRow>
            );
          })}
        </div>
        <div className={classes.foot}>{props.foot}</div>
      </div>
      {props.instead && <div className={classes.over}>{props.instead}</div>}
    </div>
  );
}

interface TableRowProps {
  row: Row;
  index: number;
  top: number;
  measure: ((element: Element | null) => void) | undefined;
  open: boolean;
  selection: Selection;
  children: ReactNode;
}

function TableRow({ row, index, top, measure, open, selection, children }: TableRowProps) {
  const click = (event: React.MouseEvent) => {
    const target = event.target as Element;
    // Selecting text to copy it is no click, nor is using what is in the detail.
    if (!target.closest(`.${classes.line}`) || getSelection()?.type === 'Range') return;
    selection.select(row.key);
    selection.toggle(row.key);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the page, for the selected row
    <div
      id={`row-${row.key}`}
      ref={measure}
      data-index={index}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selection.key === row.key}
      aria-expanded={row.shed === undefined ? open : undefined}
      className={`${classes.row} ${open ? classes.open : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={row.shed === undefined ? click : undefined}
    >
      {row.shed === undefined ? children : <ShedLine count={row.shed} />}
    </div>
  );
}
