import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { alertQuery } from '@/api/alerts';
import { isApiError } from '@/api/client';
import type { AlertDetail, AlertInfo } from '@/api/types';
import { usePageTitle } from '@/app/page-title';
import { toneOf } from '@/lib/alert';
import { IconButton } from '@/parts/button';
import { Copy } from '@/parts/copy';
import { Level } from '@/parts/level';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Empty, Failure } from '@/parts/states';
import { Actions } from './actions';
import { Around } from './around';
import classes from './detail.module.css';
import { History } from './history';
import { Messages } from './messages';
import { Rule } from './rule';
import { Sentence } from './sentence';
import { SevenList } from './seven-list';
import { Timeline } from './timeline';
import type { Acting } from './use-acting';

interface Props {
  id: number;
  /** What the list knows of it: shown while the rest is fetched. */
  known: AlertInfo | undefined;
  close(): void;
  acting: Acting;
}

const EVERY_MS = 15_000;

export function Detail({ id, known, close, acting }: Props) {
  const { t } = useTranslation('alerts');
  const query = useQuery({ ...alertQuery(id), refetchInterval: EVERY_MS });
  const alert = query.data?.alert ?? known;
  usePageTitle(alert ? `${alert.rule} #${id}` : t('one', { id }));
  return (
    <article className={classes.detail} aria-label={t('one', { id })} aria-busy={!query.data}>
      <Head id={id} alert={alert} close={close} />
      <div className={classes.body}>
        {query.error && !query.data ? (
          <NotShown id={id} error={query.error} retry={() => void query.refetch()} />
        ) : (
          <>
            <Sentence alert={alert} detail={query.data} />
            {alert && (
              <Actions
                alerts={[alert]}
                acting={acting}
                where={id}
                usual={alert.state === 'open' ? 'acknowledge' : undefined}
              />
            )}
            {query.data ? <Parts detail={query.data} /> : <Places />}
          </>
        )}
      </div>
    </article>
  );
}

function Parts({ detail }: { detail: AlertDetail }) {
  return (
    <>
      <History detail={detail} />
      <SevenList detail={detail} />
      <Timeline detail={detail} />
      <Around alert={detail.alert} />
      <Rule rule={detail.rule} />
      <Messages id={detail.alert.id} messages={detail.messages} />
    </>
  );
}

function Head({ id, alert, close }: Pick<Props, 'id' | 'close'> & { alert?: AlertInfo }) {
  const { t } = useTranslation('alerts');
  return (
    <header
      className={classes.head}
      style={{ borderLeftColor: alert ? `var(--sev-${toneOf(alert.level)})` : 'transparent' }}
    >
      <div className={classes.title}>
        <h2>{alert ? <SafeText text={alert.rule} /> : <Skeleton width={200} />}</h2>
        <p>
          {alert && <Level level={alert.level} />}
          <span>#{id}</span>
          {alert && <span>{t(`is.${alert.state}`)}</span>}
          {alert && (
            <span title={t('score.title', { score: alert.score })}>
              {t('score', { score: alert.score })}
            </span>
          )}
          {alert?.assignee && <SafeText text={t('for', { who: alert.assignee })} />}
        </p>
      </div>
      <Copy
        icon="link"
        label={t('detail.link')}
        small={false}
        text={() => `${location.origin}/alerts/${id}`}
      />
      <IconButton
        icon="close"
        label={t('detail.close')}
        hint={`${t('detail.close')} (Esc)`}
        onClick={close}
      />
    </header>
  );
}

function NotShown({ id, error, retry }: { id: number; error: Error; retry(): void }) {
  const { t } = useTranslation('alerts');
  if (isApiError(error, 'not_found')) {
    return (
      <Empty title={t('detail.missing', { id })}>
        <p>{t('detail.missing.text')}</p>
      </Empty>
    );
  }
  return <Failure error={error} retry={retry} />;
}

function Places() {
  return (
    <div className={classes.part} aria-hidden="true">
      {[40, 70, 55, 30, 65, 45].map((width) => (
        <p key={width}>
          <Skeleton width={`${width}%`} />
        </p>
      ))}
    </div>
  );
}
