import { Menu } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, type RefObject, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { getSettings, setSettings, useSettings } from '@/app/settings';
import { safeString } from '@/lib/safe-text';
import { zoneName } from '@/lib/time';
import { clampWidth, tracksOf, WIDTH_MIN, wideColumn, widthOf } from './columns';
import classes from './table.module.css';

const NAMED = ['host.name', 'source', 'message'] as const;

/** Well-known columns have words; others are called by their fields. */
export function useColumnName(): (column: string) => string {
  const { t } = useTranslation('search');
  return (column) => {
    const known = NAMED.find((name) => name === column);
    return known ? t(`column.${known}`) : safeString(column);
  };
}

interface Props {
  columns: string[];
  setColumns(columns: string[]): void;
  scroller: RefObject<HTMLElement | null>;
}

export function TableHeader(props: Props) {
  const { t } = useTranslation('search');
  const { zone } = useSettings();
  const { columns } = props;
  return (
    <div className={classes.header} role="row" aria-rowindex={1}>
      <span />
      <div className={classes.th} role="columnheader">
        {t('column.time')}, {zoneName(Date.now(), zone)}
      </div>
      {columns.map((column) => (
        <ColumnHeader key={column} column={column} {...props} />
      ))}
    </div>
  );
}

function moved(columns: string[], column: string, by: number): string[] {
  const at = columns.indexOf(column);
  const without = columns.toSpliced(at, 1);
  return without.toSpliced(at + by, 0, column);
}

function ColumnHeader({ column, columns, setColumns, scroller }: Props & { column: string }) {
  const { t } = useTranslation('search');
  const name = useColumnName()(column);
  const at = columns.indexOf(column);
  return (
    <div className={classes.th} role="columnheader">
      <Menu position="bottom-start">
        <Menu.Target>
          <button type="button" aria-label={t('column.menu', { name })}>
            {name}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={at === 0} onClick={() => setColumns(moved(columns, column, -1))}>
            {t('column.left')}
          </Menu.Item>
          <Menu.Item
            disabled={at === columns.length - 1}
            onClick={() => setColumns(moved(columns, column, 1))}
          >
            {t('column.right')}
          </Menu.Item>
          <Menu.Item
            disabled={columns.length === 1}
            onClick={() => setColumns(columns.filter((other) => other !== column))}
          >
            {t('column.remove')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {column !== wideColumn(columns) && (
        <Handle column={column} columns={columns} name={name} scroller={scroller} />
      )}
    </div>
  );
}

interface HandleProps {
  column: string;
  columns: string[];
  name: string;
  scroller: RefObject<HTMLElement | null>;
}

/** Changes a width by pointer or arrow keys. While dragging, only a style changes: no row is drawn anew. */
function Handle({ column, columns, name, scroller }: HandleProps) {
  const { t } = useTranslation('search');
  const { widths } = useSettings();
  const drag = useRef<{ x: number; width: number }>(undefined);
  const width = widthOf(column, widths);
  const widthAt = (x: number) => clampWidth(width + x - (drag.current?.x ?? x));
  const down = (event: PointerEvent) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, width };
  };
  const move = (event: PointerEvent) => {
    if (!drag.current) return;
    const next = { ...widths, [column]: widthAt(event.clientX) };
    scroller.current?.style.setProperty('--tracks', tracksOf(columns, next));
  };
  const up = (event: PointerEvent) => {
    if (!drag.current) return;
    const next = widthAt(event.clientX);
    drag.current = undefined;
    setSettings({ widths: { ...getSettings().widths, [column]: next } });
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -8, ArrowRight: 8 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    setSettings({ widths: { ...getSettings().widths, [column]: clampWidth(width + step) } });
  };
  return (
    <div
      className={classes.handle}
      role="separator"
      aria-orientation="vertical"
      aria-label={t('column.resize', { name })}
      aria-valuenow={width}
      aria-valuemin={WIDTH_MIN}
      tabIndex={0}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onKeyDown={press}
    />
  );
}
