/* biome-ignore-all lint/a11y/useSemanticElements: rows of a table are placed one by one here; only roles can say so */
/* biome-ignore-all lint/a11y/useFocusableInteractive: the button within takes the focus */
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type RefObject, useCallback, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { COLUMNS, type Row } from '@/lib/delivery-view';
import { Skeleton } from '@/parts/skeleton';
import { useTop } from '@/parts/use-top';
import { StreamDetail } from './stream-detail';
import { GroupRow, StreamRow } from './stream-rows';
import classes from './stream-table.module.css';
import type { View } from './use-view';

const HEIGHT: Record<Row['kind'], number> = { group: 36, stream: 28, detail: 160 };
const PLACES = ['a', 'b', 'c', 'd', 'e', 'f'];

type Part = RefObject<HTMLDivElement | null>;

interface Props {
  rows: Row[] | undefined;
  folded: ReadonlySet<string>;
  fold(agent: string): void;
  view: View;
  /** What scrolls. */
  page: Part;
  /** What stands above the table. */
  above: Part;
}

/** Streams below their hosts. Only what is seen is on the page: ten thousand scroll like ten. */
export function StreamTable({ rows, folded, fold, view, page, above }: Props) {
  const { t } = useTranslation('delivery');
  const body = useRef<HTMLDivElement>(null);
  const toggle = useCallback(
    (key: string) => view.change({ stream: key === view.open ? undefined : key }),
    [view],
  );
  const top = useTop(body, above);
  const virtual = useVirtualizer({
    count: rows?.length ?? 0,
    getScrollElement: () => page.current,
    estimateSize: (index) => HEIGHT[rows?.[index]?.kind ?? 'stream'],
    getItemKey: (index) => rows?.[index]?.key ?? index,
    scrollMargin: top,
    overscan: 12,
  });
  return (
    <div
      className={classes.table}
      role="table"
      aria-label={t('table')}
      aria-rowcount={(rows?.length ?? 0) + 1}
    >
      <Head view={view} />
      <div
        ref={body}
        role="rowgroup"
        className={classes.body}
        style={rows && { height: virtual.getTotalSize() }}
      >
        {!rows && PLACES.map((place) => <Place key={place} />)}
        {rows &&
          virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <div
                key={item.key}
                ref={row.kind === 'detail' ? virtual.measureElement : undefined}
                data-index={item.index}
                className={classes.place}
                style={{ transform: `translateY(${item.start - top}px)` }}
              >
                {row.kind === 'group' && (
                  <GroupRow
                    group={row.group}
                    index={item.index}
                    folded={folded.has(row.group.agent)}
                    fold={fold}
                  />
                )}
                {row.kind === 'stream' && (
                  <StreamRow
                    stream={row.stream}
                    index={item.index}
                    open={row.key === view.open}
                    toggle={toggle}
                  />
                )}
                {row.kind === 'detail' && <StreamDetail stream={row.stream} />}
              </div>
            );
          })}
      </div>
    </div>
  );
}

const Head = memo(function Head({ view }: { view: View }) {
  const { t } = useTranslation('delivery');
  const { sort } = view.shown;
  const order = (column: string) => {
    if (sort.column !== column) return 'none';
    return sort.down ? 'descending' : 'ascending';
  };
  return (
    <div role="rowgroup" className={classes.head}>
      <div role="row" className={classes.row}>
        {COLUMNS.map((column) => (
          <span
            key={column}
            role="columnheader"
            aria-sort={order(column)}
            className={classes[column]}
          >
            <button
              type="button"
              title={t(`explain.${column}`)}
              aria-label={t('sort.by', { column: t(`column.${column}`) })}
              onClick={() => view.sortBy(column)}
            >
              {t(`column.${column}`)}
              <i aria-hidden="true">{sort.column === column ? (sort.down ? '↓' : '↑') : ''}</i>
            </button>
          </span>
        ))}
      </div>
    </div>
  );
});

function Place() {
  return (
    <div className={classes.row}>
      <span className={classes.stream}>
        <Skeleton width="40%" />
      </span>
    </div>
  );
}
