import { useTranslation } from 'react-i18next';
import { momentOf, quickParts, type Range } from '@/lib/range';
import { formatSpan } from '@/lib/time';
import { useSettings } from './settings';

/** A range in words: "Last 15 minutes", "2026-11-21 11:00 – 12:00". */
export function useRangeName(): (range: Range) => string {
  const { t } = useTranslation('frame');
  const { zone } = useSettings();
  return (range) => {
    const quick = range.to === 'now' ? quickParts(range.from) : undefined;
    if (quick) return t(`range.last.${quick.unit}`, { count: quick.count });
    const from = momentOf(range.from, Number.NaN);
    const to = momentOf(range.to, Number.NaN);
    if (from && to) return formatSpan(from, to, zone);
    return `${range.from} – ${range.to === 'now' ? t('range.now') : range.to}`;
  };
}
