import { useTranslation } from 'react-i18next';
import type { Json, TableAnswer, TableColumn } from '@/api/types';
import { useSettings } from '@/app/settings';
import { formatBytes, formatCount, formatDuration, formatShare } from '@/lib/format';
import type { Span } from '@/lib/range';
import { barsOf, linesOf, textOf } from '@/lib/series';
import { formatSecond, type Zone } from '@/lib/time';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Empty, Failure, Warning } from '@/parts/states';
import { ExportLinks } from './exports';
import { LineChart } from './line-chart';
import classes from './table-panel.module.css';
import toolbar from './toolbar.module.css';
import { type TableState, useTable } from './use-table';

interface Props {
  q: string;
  span: Span;
}

/** What the pipes of a search give: a table, with a chart where there is something to draw. */
export function TablePanel({ q, span }: Props) {
  const { state, cancel, retry } = useTable(q, span);
  const { table } = state;
  return (
    <>
      <div className={toolbar.toolbar}>
        <div className={toolbar.status} role="status">
          <Status state={state} cancel={cancel} />
        </div>
        <ExportLinks q={q} span={span} />
      </div>
      <div className={classes.scroller}>
        {state.phase === 'failed' && <Failure error={state.error} retry={retry} />}
        {table && <Answer table={table} />}
      </div>
    </>
  );
}

function Status({ state, cancel }: { state: TableState; cancel(): void }) {
  const { t } = useTranslation('search');
  const { phase, progress, table } = state;
  if (phase === 'cancelled') return <span>{t('status.cancelled')}</span>;
  if (phase === 'running') {
    return (
      <>
        <strong>{t('status.searching')}</strong>
        {progress && <span>{t('status.done', { share: formatShare(progress.done) })}</span>}
        <Button small onClick={cancel}>
          {t('status.cancel')}
        </Button>
      </>
    );
  }
  if (!table) return null;
  const { cost } = table;
  const rows = table.rows.length + table.events.length;
  const blocks = t('status.blocks', {
    read: formatCount(cost.blocks_read),
    pruned: formatCount(cost.blocks_pruned),
  });
  return (
    <>
      <strong>{t('table.rows', { count: rows, shown: formatCount(rows) })}</strong>
      <span title={`${blocks}\n${t('table.read', { bytes: formatBytes(cost.bytes) })}`}>
        {t('status.examined', { count: cost.examined, shown: formatCount(cost.examined) })}{' '}
        {t('status.took', { time: formatDuration(cost.took_ms) })}
      </span>
    </>
  );
}

function Answer({ table }: { table: TableAnswer }) {
  const { t } = useTranslation('search');
  const lines = linesOf(table);
  const rows = table.rows.length + table.events.length;
  const sentences = [...(table.notes ?? []), ...(table.damage ?? [])];
  return (
    <>
      {table.cut && (
        <Warning>
          <SafeText text={table.cut.message} />
        </Warning>
      )}
      {sentences.map((sentence) => (
        <Warning key={sentence}>
          <SafeText text={sentence} />
        </Warning>
      ))}
      {lines && lines.x.length > 1 && <LineChart lines={lines} />}
      {rows === 0 ? (
        <Empty title={t('empty.title')} />
      ) : table.columns.length > 0 ? (
        <Rows table={table} />
      ) : (
        <Events table={table} />
      )}
      {table.more && (
        <p className={classes.note}>{t('table.more', { shown: formatCount(rows) })}</p>
      )}
    </>
  );
}

function Rows({ table }: { table: TableAnswer }) {
  const { t } = useTranslation('search');
  const { zone } = useSettings();
  const bars = barsOf(table);
  return (
    <table className={classes.table} aria-label={t('rows')}>
      <thead>
        <tr>
          {table.columns.map((column) => (
            <th key={column.name} scope="col" data-role={column.role}>
              <SafeText text={column.name} />
              {column.estimated && <span title={t('table.estimated')}> ≈</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows of a settled answer never change places
          <tr key={index}>
            {table.columns.map((column, at) => (
              <td
                key={column.name}
                data-role={column.role}
                style={at === bars?.column ? barStyle(bars.shares[index]) : undefined}
              >
                <SafeText text={shown(column, row[at], zone)} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A bar behind the number. */
function barStyle(share = 0) {
  const width = `${(share * 100).toFixed(1)}%`;
  return {
    background: `linear-gradient(to left, var(--accent-soft) ${width}, transparent ${width})`,
  };
}

function shown(column: TableColumn, value: Json | undefined, zone: Zone): string {
  if (column.role === 'time' && typeof value === 'string') {
    return formatSecond(Date.parse(value), zone);
  }
  if (column.role === 'value' && typeof value === 'number') return formatCount(value);
  return textOf(value) || '–';
}

/** Events in an order of their own, as they are. */
function Events({ table }: { table: TableAnswer }) {
  return (
    <ol className={classes.events}>
      {table.events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of a settled answer never change places
        <li key={index}>
          <SafeText text={JSON.stringify(event)} />
        </li>
      ))}
    </ol>
  );
}
