import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { ReportInfo } from '@/api/types';
import type { ReportsParams } from '@/app/router';
import { useSettings } from '@/app/settings';
import { periodText } from '@/lib/report';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Ago } from '@/parts/time';
import classes from './reports.module.css';

interface Props {
  reports: readonly ReportInfo[] | undefined;
  open: number | undefined;
}

/** What was made, the newest first. */
export function List({ reports, open }: Props) {
  const { t } = useTranslation('reports');
  const list = useRef<HTMLUListElement>(null);
  const there = reports !== undefined;
  useEffect(() => {
    if (open === undefined || !there) return;
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [open, there]);
  return (
    <ul ref={list} className={classes.list} aria-label={t('list')} aria-busy={!reports}>
      {reports
        ? reports.map((report) => (
            <Row key={report.id} report={report} isOpen={report.id === open} />
          ))
        : ['40%', '52%', '36%'].map((width) => (
            <li key={width} className={classes.place}>
              <Skeleton width={width} />
            </li>
          ))}
    </ul>
  );
}

/** What a report is about: a host, or everything. */
export function About({ report: { kind, host } }: { report: ReportInfo }) {
  const { t } = useTranslation('reports');
  if (host) return <SafeText text={host} />;
  return kind === 'security' ? t('about.all') : <SafeText text={kind} />;
}

function Row({ report, isOpen }: { report: ReportInfo; isOpen: boolean }) {
  const { t } = useTranslation('reports');
  const { zone } = useSettings();
  const { id, made, made_by: by } = report;
  return (
    <li className={classes.row}>
      <Link
        to="/reports"
        search={(old: ReportsParams) => ({ ...old, report: String(id) })}
        activeProps={{}}
        aria-current={isOpen ? 'true' : undefined}
      >
        <span className={classes.subject}>
          <About report={report} />
        </span>
        <span className={classes.period}>{periodText(report, zone)}</span>
        <span className={classes.made}>
          <Ago at={made} />
          <bdi>{by === 'schedule' ? t('by.schedule') : t('by', { who: safeString(by) })}</bdi>
          <span>#{id}</span>
        </span>
      </Link>
    </li>
  );
}
