/**
 * Moments as text. One fixed order of fields in every language (ISO 8601 with a space), because people
 * compare times with files, terminals and tickets. Written by hand: a table of 100,000 rows asks often,
 * and `Intl.DateTimeFormat` takes ten times as long.
 */
export type Zone = 'local' | 'utc';

const two = (value: number) => (value < 10 ? `0${value}` : String(value));
const three = (value: number) => String(value).padStart(3, '0');

function parts(ms: number, zone: Zone) {
  const date = new Date(ms);
  return zone === 'utc'
    ? {
        day: `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`,
        minute: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`,
        second: two(date.getUTCSeconds()),
        milli: three(date.getUTCMilliseconds()),
      }
    : {
        day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
        minute: `${two(date.getHours())}:${two(date.getMinutes())}`,
        second: two(date.getSeconds()),
        milli: three(date.getMilliseconds()),
      };
}

/** `2026-11-21 11:33:17.359` */
export function formatMoment(ms: number, zone: Zone): string {
  const at = parts(ms, zone);
  return `${at.day} ${at.minute}:${at.second}.${at.milli}`;
}

/** `2026-11-21 11:33:17` */
export function formatSecond(ms: number, zone: Zone): string {
  const at = parts(ms, zone);
  return `${at.day} ${at.minute}:${at.second}`;
}

/** `2026-11-21 11:33`, seconds only when they are not zero. */
export function formatMinute(ms: number, zone: Zone): string {
  const at = parts(ms, zone);
  return `${at.day} ${at.minute}${at.second === '00' ? '' : `:${at.second}`}`;
}

/** `11:33:17` */
export function formatClock(ms: number, zone: Zone): string {
  const at = parts(ms, zone);
  return `${at.minute}:${at.second}`;
}

/** A span in as few characters as it needs: the day is not repeated. */
export function formatSpan(from: number, to: number, zone: Zone): string {
  const a = parts(from, zone);
  const b = parts(to, zone);
  const end = a.day === b.day ? formatMinute(to, zone).slice(11) : formatMinute(to, zone);
  return `${formatMinute(from, zone)} – ${end}`;
}

/** `+03:00` of that moment here; `UTC` when the setting says so. */
export function zoneName(ms: number, zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const minutes = -new Date(ms).getTimezoneOffset();
  const sign = minutes < 0 ? '-' : '+';
  const size = Math.abs(minutes);
  return minutes === 0 ? 'UTC' : `UTC${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Reads what a person types: a date, a date and time, or RFC 3339; without a zone, the one shown. */
export function parseMoment(text: string, zone: Zone): number | undefined {
  const typed = text.trim().replace(' ', 'T');
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?$/i.exec(
      typed,
    );
  if (!match) return undefined;
  const [, y, mo, d, h = '0', mi = '0', s = '0', fraction = '', offset] = match;
  const milli = Number(fraction.padEnd(3, '0').slice(0, 3));
  const fields = [Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s)] as const;
  const [year, month, day, hour, minute, second] = fields;
  if (month > 11 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  const utc = Date.UTC(year, month, day, hour, minute, second, milli);
  if (new Date(utc).getUTCDate() !== day) return undefined;
  if (offset && offset.toUpperCase() !== 'Z') {
    const sign = offset.startsWith('-') ? 1 : -1;
    const [oh = '0', om = '0'] = offset.slice(1).split(':');
    return utc + sign * (Number(oh) * 60 + Number(om)) * 60_000;
  }
  if (offset || zone === 'utc') return utc;
  return new Date(year, month, day, hour, minute, second, milli).getTime();
}
