/* biome-ignore-all lint/a11y/useSemanticElements: rows of a table are placed one by one here; only roles can say so */
/* biome-ignore-all lint/a11y/useFocusableInteractive: the links within take the focus */
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type RefObject, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { RuleInfo } from '@/api/types';
import { COLUMNS, type Found, isSortable } from '@/lib/rules';
import { Skeleton } from '@/parts/skeleton';
import { useTop } from '@/parts/use-top';
import { RuleRow } from './rule-row';
import classes from './rule-table.module.css';
import type { View } from './use-view';

const HEIGHT = 33;
const PLACES = ['38%', '44%', '30%', '40%', '34%', '46%'];

type Part = RefObject<HTMLDivElement | null>;

interface Props {
  rules: RuleInfo[] | undefined;
  found: Found;
  view: View;
  /** What scrolls. */
  page: Part;
  /** What stands above the table. */
  above: Part;
}

/** Rules one below the other. Only what is seen is on the page: four thousand scroll like ten. */
export function RuleTable({ rules, found, view, page, above }: Props) {
  const { t } = useTranslation('rules');
  const body = useRef<HTMLDivElement>(null);
  const top = useTop(body, above);
  const virtual = useVirtualizer({
    count: rules?.length ?? 0,
    getScrollElement: () => page.current,
    estimateSize: () => HEIGHT,
    scrollMargin: top,
    overscan: 12,
  });
  return (
    <div
      className={classes.table}
      role="table"
      aria-label={t('table')}
      aria-rowcount={(rules?.length ?? 0) + 1}
    >
      <Head view={view} />
      <div
        ref={body}
        role="rowgroup"
        className={classes.body}
        style={rules && { height: virtual.getTotalSize() }}
      >
        {!rules && PLACES.map((width) => <Place key={width} width={width} />)}
        {rules &&
          virtual.getVirtualItems().map((item) => {
            const rule = rules[item.index];
            if (!rule) return null;
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className={classes.place}
                style={{ transform: `translateY(${item.start - top}px)` }}
              >
                <RuleRow rule={rule} index={item.index} found={found} />
              </div>
            );
          })}
      </div>
    </div>
  );
}

const Head = memo(function Head({ view }: { view: View }) {
  const { t } = useTranslation('rules');
  const { sort } = view;
  const order = (column: string) => {
    if (sort.column !== column) return 'none';
    return sort.down ? 'descending' : 'ascending';
  };
  return (
    <div role="rowgroup" className={classes.head}>
      <div role="row" className={classes.row}>
        {COLUMNS.map((column) =>
          isSortable(column) ? (
            <span
              key={column}
              role="columnheader"
              aria-sort={order(column)}
              className={classes[column]}
            >
              <button
                type="button"
                aria-label={t('sort.by', { column: t(`column.${column}`) })}
                onClick={() => view.sortBy(column)}
              >
                {t(`column.${column}`)}
                <i aria-hidden="true">{sort.column === column ? (sort.down ? '↓' : '↑') : ''}</i>
              </button>
            </span>
          ) : (
            <span key={column} role="columnheader" className={classes[column]}>
              {t(`column.${column}`)}
            </span>
          ),
        )}
      </div>
    </div>
  );
});

function Place({ width }: { width: string }) {
  return (
    <div className={classes.row}>
      <span className={classes.level} />
      <span className={classes.title}>
        <Skeleton width={width} />
      </span>
    </div>
  );
}
