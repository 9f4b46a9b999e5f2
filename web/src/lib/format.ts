import { intlOf } from './intl';

export function formatCount(value: number): string {
  return intlOf('count', (language) => new Intl.NumberFormat(language)).format(value);
}

/** `12.3K`; for places where the full number would not fit and stands in the title. */
export function formatShort(value: number): string {
  if (value < 10_000) return formatCount(value);
  return intlOf(
    'short',
    (language) =>
      new Intl.NumberFormat(language, { notation: 'compact', maximumSignificantDigits: 3 }),
  ).format(value);
}

export function formatShare(share: number): string {
  return intlOf(
    'share',
    (language) => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }),
  ).format(share);
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Decimal units, as disks and most tools count. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1000 && step < BYTE_UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  const unit = BYTE_UNITS[step] ?? 'byte';
  return intlOf(
    `bytes-${unit}`,
    (language) =>
      new Intl.NumberFormat(language, {
        style: 'unit',
        unit,
        unitDisplay: 'short',
        maximumSignificantDigits: 3,
      }),
  ).format(step === 0 ? bytes : value);
}

/** `0.34 s`, `12 s`, `3 min`: one unit, for how long something took or lasts. */
export function formatDuration(ms: number): string {
  const [value, unit] =
    ms < 1000
      ? [ms, 'millisecond']
      : ms < 100_000 && ms % 60_000 !== 0
        ? [ms / 1000, 'second']
        : ms < 5_400_000
          ? [ms / 60_000, 'minute']
          : ms < 129_600_000
            ? [ms / 3_600_000, 'hour']
            : [ms / 86_400_000, 'day'];
  return intlOf(
    `duration-${unit}`,
    (language) =>
      new Intl.NumberFormat(language, {
        style: 'unit',
        unit: String(unit),
        unitDisplay: 'short',
        maximumSignificantDigits: 3,
      }),
  ).format(Number(value));
}
