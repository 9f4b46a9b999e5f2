import { formatSecond, type Zone } from './time';

/** As much of a moment as a column needs: `12:56:00` today, `11-20 12:56` this year, else `2025-11-20`. */
export function formatNear(ms: number, now: number, zone: Zone): string {
  if (Number.isNaN(ms)) return '';
  const text = formatSecond(ms, zone);
  const today = formatSecond(now, zone);
  if (text.slice(0, 10) === today.slice(0, 10)) return text.slice(11);
  return text.slice(0, 4) === today.slice(0, 4) ? text.slice(5, 16) : text.slice(0, 10);
}
