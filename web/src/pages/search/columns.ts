import type { Event } from '@/api/types';
import { fieldOf, sourceOf, textOf } from '@/lib/event';
import { cut } from '@/lib/safe-text';

/** `source` is no field: the program, file or stream that wrote the line. */
export const SOURCE = 'source';
export const MESSAGE = 'message';

/** Longer texts cost time to lay out and nobody reads them in a row; the detail has them whole. */
const CELL_MAX = 300;
export const LINE_MAX = 700;
export const WRAPPED_MAX = 4000;

export function cellText(event: Event, column: string): string {
  return cut(column === SOURCE ? sourceOf(event) : textOf(fieldOf(event, column)), CELL_MAX);
}

export const WIDTH_MIN = 60;
const WIDTH_MAX = 900;
const STANDARD: Record<string, number> = { 'host.name': 112, [SOURCE]: 104, 'log.level': 84 };

export function widthOf(column: string, widths: Record<string, number>): number {
  const width = Number(widths[column]);
  return Number.isFinite(width) && width > 0 ? clampWidth(width) : (STANDARD[column] ?? 150);
}

export function clampWidth(width: number): number {
  return Math.round(Math.min(Math.max(width, WIDTH_MIN), WIDTH_MAX));
}

/** The column that takes the room that is left. */
export function wideColumn(columns: string[]): string | undefined {
  return columns.includes(MESSAGE) ? MESSAGE : columns.at(-1);
}

/** The tracks of the rows' grid: severity bar, time, columns. */
export function tracksOf(columns: string[], widths: Record<string, number>): string {
  const wide = wideColumn(columns);
  const tracks = columns.map((column) =>
    column === wide ? 'minmax(280px, 1fr)' : `${widthOf(column, widths)}px`,
  );
  return ['3px', '156px', ...tracks].join(' ');
}
