import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { endSearch, runningQuery } from '@/api/running';
import { exportAddress } from '@/api/table';
import { formatCount, formatShare } from '@/lib/format';
import type { Span } from '@/lib/range';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import classes from './exports.module.css';

/** After a click, so long until the server has the export on its list. */
const BEGINS_MS = 400;

/** All rows of a search, as files that the browser saves. */
export function ExportLinks({ q, span, className }: { q: string; span: Span; className?: string }) {
  const { t } = useTranslation('search');
  const queries = useQueryClient();
  const begun = () => setTimeout(() => void queries.invalidateQueries(runningQuery), BEGINS_MS);
  return (['csv', 'ndjson'] as const).map((format) => (
    <a
      key={format}
      className={[classes.link, className].filter(Boolean).join(' ')}
      href={exportAddress(q, span, format)}
      onClick={begun}
      download
    >
      {t('table.export', { format: format.toUpperCase() })}
    </a>
  ));
}

/** Exports that run, whichever page or program they were begun on: how far they are, and how to end them. */
export function RunningExports() {
  const { t } = useTranslation('search');
  const queries = useQueryClient();
  const running = useQuery(runningQuery).data?.searches ?? [];
  const end = useMutation({
    mutationFn: endSearch,
    onSettled: () => queries.invalidateQueries(runningQuery),
  });
  const exports = running.filter(({ kind }) => kind === 'export');
  if (exports.length === 0) return null;
  return (
    <ul className={classes.running} aria-label={t('exports.title')}>
      {exports.map(({ id, user, q, rows, progress }) => (
        <li key={id}>
          <strong>{t('exports.running')}</strong>
          <code>
            <SafeText text={q || '*'} />
          </code>
          <span>{t('table.rows', { count: rows, shown: formatCount(rows) })}</span>
          <span>{t('status.done', { share: formatShare(progress.done) })}</span>
          <progress max={1} value={progress.done} aria-label={t('exports.progress')} />
          <span title={t('exports.user')}>
            <SafeText text={user} />
          </span>
          <Button small disabled={end.isPending} onClick={() => end.mutate(id)}>
            {t('status.cancel')}
          </Button>
        </li>
      ))}
    </ul>
  );
}
