import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { reportAddress, reportPageQuery } from '@/api/reports';
import type { ReportInfo } from '@/api/types';
import { useSettings } from '@/app/settings';
import { periodText } from '@/lib/report';
import { IconButton } from '@/parts/button';
import { Empty, Failure } from '@/parts/states';
import { About } from './list';
import { Remove } from './remove';
import classes from './viewer.module.css';

interface Props {
  id: number;
  /** Undefined while the list is fetched, or where it does not have it. */
  report: ReportInfo | undefined;
  isKnown: boolean;
  close(): void;
}

const FORMATS = ['pdf', 'html', 'json'] as const;

/** One report: to read, to save, to remove. */
export function Viewer({ id, report, isKnown, close }: Props) {
  const { t } = useTranslation('reports');
  const { zone } = useSettings();
  return (
    <article className={classes.viewer} aria-label={t('number', { id })}>
      <header className={classes.head}>
        <div className={classes.title}>
          <h2>{report ? <About report={report} /> : t('number', { id })}</h2>
          <p>{report && periodText(report, zone)}</p>
        </div>
        {report && (
          <div className={classes.actions}>
            {FORMATS.map((format) => (
              <a
                key={format}
                className={classes.save}
                href={reportAddress(id, format)}
                download
                aria-label={t('save.label', { format: format.toUpperCase() })}
              >
                {format.toUpperCase()}
              </a>
            ))}
            <Remove key={id} id={id} removed={close} />
          </div>
        )}
        <IconButton icon="close" label={t('close')} hint={`${t('close')} (Esc)`} onClick={close} />
      </header>
      {isKnown ? <Page id={id} title={t('number', { id })} /> : <Gone />}
    </article>
  );
}

function Gone() {
  const { t } = useTranslation('reports');
  return (
    <Empty title={t('gone')}>
      <p>{t('gone.text')}</p>
    </Empty>
  );
}

/** The report's own page. It may run nothing and fetch nothing, by its own policy and by its frame. */
function Page({ id, title }: { id: number; title: string }) {
  const { t } = useTranslation('common');
  const { data, error, refetch } = useQuery(reportPageQuery(id));
  const [shown, setShown] = useState<number>();
  if (error) {
    return (
      <div className={classes.failed}>
        <Failure error={error} retry={() => void refetch()} />
      </div>
    );
  }
  return (
    <div className={classes.page} aria-busy={shown !== id}>
      {shown !== id && <p className={classes.loading}>{t('loading')}</p>}
      {data && (
        <iframe
          key={id}
          sandbox=""
          title={title}
          src={reportAddress(id, 'html')}
          onLoad={() => setShown(id)}
        />
      )}
    </div>
  );
}
