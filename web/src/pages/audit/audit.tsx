import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { auditQuery } from '@/api/audit';
import type { AuditEntry } from '@/api/types';
import { useSpan } from '@/app/time-range';
import { GROUPS } from '@/lib/audit';
import { formatCount } from '@/lib/format';
import { Button } from '@/parts/button';
import { Skeleton } from '@/parts/skeleton';
import { Command, Empty, Failure } from '@/parts/states';
import classes from './audit.module.css';
import { Entry } from './entry';
import { Filters } from './filters';
import { useView } from './use-view';

/** Who changed what, when and from where. */
export function AuditPage() {
  const { t } = useTranslation('audit');
  const view = useView();
  const span = useSpan();
  const filter = {
    who: view.who || undefined,
    object: view.object || undefined,
    action: view.group && GROUPS[view.group],
    refused: view.refused,
    span,
  };
  const query = useInfiniteQuery({ ...auditQuery(filter), placeholderData: keepPreviousData });
  const entries = query.data?.pages.flatMap((page) => page.entries);
  return (
    <div className={classes.page}>
      <p className={classes.explain}>{t('explain')}</p>
      <Filters view={view} />
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {entries?.length === 0 && (
        <Empty title={t('empty')}>
          <p>{t('empty.text')}</p>
          <Command text="watchpost audit --from -30d" />
        </Empty>
      )}
      {entries?.length !== 0 && (entries || !query.error) && <Entries entries={entries} />}
      <p className="sr" role="status">
        {entries && t('shown', { count: entries.length, n: formatCount(entries.length) })}
      </p>
      {query.hasNextPage && (
        <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t(query.isFetchingNextPage ? 'more.loading' : 'more')}
        </Button>
      )}
    </div>
  );
}

const COLUMNS = ['time', 'who', 'address', 'what', 'to', 'details'] as const;
const WAITING = ['52%', '38%', '60%', '44%'];

function Entries({ entries }: { entries: readonly AuditEntry[] | undefined }) {
  const { t } = useTranslation('audit');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled can be reached by keys
    <section className={classes.scroll} aria-label={t('list')} tabIndex={0}>
      <table className={classes.table} aria-busy={!entries}>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {t(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries
            ? entries.map((entry) => <Entry key={entry.id} entry={entry} />)
            : WAITING.map((width) => (
                <tr key={width}>
                  <td colSpan={COLUMNS.length}>
                    <Skeleton width={width} />
                  </td>
                </tr>
              ))}
        </tbody>
      </table>
    </section>
  );
}
