import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { reportsQuery } from '@/api/reports';
import { neighbour } from '@/lib/report';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import { useKeys } from '@/parts/use-keys';
import { List } from './list';
import { MakeForm } from './make-form';
import { NoReports } from './no-reports';
import classes from './reports.module.css';
import { useMaking } from './use-making';
import { useView } from './use-view';
import { Viewer } from './viewer';

/** Those made on a schedule appear by themselves. */
const EVERY_MS = 60_000;

/** What was reported, to read and to pass on; and the way to make another. */
export function ReportsPage() {
  const view = useView();
  const query = useQuery({ ...reportsQuery, refetchInterval: view.refresh ? false : EVERY_MS });
  const { data, error } = query;
  const reports = data?.reports;
  const making = useMaking((id) => {
    view.setMaking(false);
    view.open(id);
  });
  const go = (step: 1 | -1) => {
    const next = neighbour(reports ?? [], view.id, step);
    if (next !== undefined) view.open(next);
  };
  const close = () => (view.making ? view.setMaking(false) : view.open(undefined));
  useKeys({
    n: () => view.setMaking(true),
    j: () => go(1),
    k: () => go(-1),
    Escape: close,
  });
  const isEmpty = reports?.length === 0;
  const open = view.id;
  const report = reports?.find(({ id }) => id === open);
  return (
    <div className={classes.page} data-open={open !== undefined || undefined}>
      <div className={classes.side}>
        <Toolbar making={view.making} make={() => view.setMaking(!view.making)} />
        {(view.making || making.since !== undefined) && (
          <MakeForm making={making} close={() => view.setMaking(false)} />
        )}
        {error && <Failure error={error} retry={() => void query.refetch()} />}
        {isEmpty && <NoReports make={view.making ? undefined : () => view.setMaking(true)} />}
        {!isEmpty && !(error && !data) && <List reports={reports} open={open} />}
      </div>
      {open !== undefined && (
        <Viewer
          id={open}
          report={report}
          // Before the list is there, and where it is too long to have it, the server knows.
          isKnown={open > 0}
          close={() => view.open(undefined)}
        />
      )}
    </div>
  );
}

function Toolbar({ making, make }: { making: boolean; make(): void }) {
  const { t } = useTranslation('reports');
  return (
    <div className={classes.toolbar}>
      <p className={classes.keys}>
        <span>
          <kbd>j</kbd> <kbd>k</kbd> {t('keys.go')}
        </span>
        <span>
          <kbd>n</kbd> {t('keys.new')}
        </span>
      </p>
      <Button
        look={making ? 'plain' : 'primary'}
        aria-expanded={making}
        title={`${t('new')} (n)`}
        onClick={make}
      >
        {t('new')}
      </Button>
    </div>
  );
}
