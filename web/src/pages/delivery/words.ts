import { useTranslation } from 'react-i18next';
import type { Finding } from '@/api/types';
import { useSettings } from '@/app/settings';
import { formatBytes, formatCount, formatDuration } from '@/lib/format';
import { formatMoment } from '@/lib/time';
import { useReaderName } from './readers';
import { useReason } from './reason';

/** A finding in the reader's language: what happened, and what to do. English is the server's own. */
export function useWords(finding: Finding): { text: string; todo: string } {
  const { t } = useTranslation('delivery');
  const { zone } = useSettings();
  const reader = useReaderName();
  const reason = useReason();
  const { kind, count, records, name = '', detail = '', since } = finding;
  const isReader = kind === 'reader-stopped' || kind === 'reader-behind';
  const values = {
    what: finding.what,
    remedy: finding.remedy,
    count,
    n: formatCount(count),
    host: finding.host ?? '',
    agent: finding.agent ?? '',
    stream: finding.stream ?? '',
    name: isReader ? reader(name) : name,
    detail,
    reason: reason(detail),
    records: records > 0 ? t('finding.records', { count: records, n: formatCount(records) }) : '',
    size: formatBytes(finding.bytes),
    span: formatDuration(finding.seconds * 1000),
    // Of silence, `count` is how many seconds were expected.
    limit: formatDuration(count * 1000),
    since: since ? formatMoment(Date.parse(since), zone) : '',
  };
  const key = variants[`${kind}/${detail}`] ?? (`finding.${kind}` as const);
  return { text: t(key, values), todo: t(`${key}.do`, values) };
}

/** Findings that have several sentences, by kind and detail. */
const variants: Record<
  string,
  'finding.host-stopped' | 'finding.conflict-two' | 'finding.conflict-older' | undefined
> = {
  'host-silent/stopped': 'finding.host-stopped',
  'conflict/two-agents': 'finding.conflict-two',
  'conflict/older-state': 'finding.conflict-older',
};
