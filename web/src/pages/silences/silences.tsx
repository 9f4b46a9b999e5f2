import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { silencesQuery } from '@/api/silences';
import type { SilencesParams } from '@/app/router';
import { AlertTabs } from '@/parts/alert-tabs';
import { Button } from '@/parts/button';
import { Skeleton } from '@/parts/skeleton';
import { Command, Empty, Failure } from '@/parts/states';
import { useKeys } from '@/parts/use-keys';
import { SilenceRow } from './silence-row';
import classes from './silences.module.css';

const SilenceDialog = lazy(() =>
  import('./silence-dialog').then((part) => ({ default: part.SilenceDialog })),
);

const EVERY_MS = 15_000;
const ADD = 'watchpost silences add \'host.name:db-1\' --for 2h --reason "moving the database"';

/** What nobody is told, for how long and why; and what was. */
export function SilencesPage() {
  const { t } = useTranslation('silences');
  const { past = false, refresh } = useSearch({ from: '/inside/silences' });
  const query = useQuery({
    ...silencesQuery(past),
    refetchInterval: refresh ? false : EVERY_MS,
  });
  const [making, setMaking] = useState(false);
  useKeys({ n: () => setMaking(true) });
  const silences = query.data?.silences;
  return (
    <div className={classes.page}>
      <AlertTabs />
      <Toolbar past={past} make={() => setMaking(true)} />
      <p className={classes.explain}>{t('explain')}</p>
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {silences?.length === 0 && <NoSilences past={past} />}
      {!(query.error && !silences) && silences?.length !== 0 && (
        <ul
          className={classes.list}
          aria-label={t(past ? 'list.past' : 'list.current')}
          aria-busy={!silences}
        >
          {silences
            ? silences.map((silence) => (
                <SilenceRow
                  key={silence.id ?? `${silence.when} ${silence.hours} ${silence.until}`}
                  silence={silence}
                />
              ))
            : ['55%', '40%', '62%'].map((width) => (
                <li key={width} className={classes.place}>
                  <Skeleton width={width} />
                </li>
              ))}
        </ul>
      )}
      <Suspense>{making && <SilenceDialog alerts={[]} close={() => setMaking(false)} />}</Suspense>
    </div>
  );
}

function Toolbar({ past, make }: { past: boolean; make(): void }) {
  const { t } = useTranslation('silences');
  const navigate = useNavigate();
  const show = (next: boolean) =>
    void navigate({
      to: '/silences',
      search: (old: SilencesParams) => ({ ...old, past: next || undefined }),
    });
  return (
    <div className={classes.toolbar}>
      <fieldset className={classes.which} aria-label={t('which')}>
        {[false, true].map((one) => (
          <button
            key={String(one)}
            type="button"
            aria-pressed={past === one}
            onClick={() => show(one)}
          >
            {t(one ? 'past' : 'current')}
          </button>
        ))}
      </fieldset>
      <Button look="primary" title={`${t('new')} (n)`} onClick={make}>
        {t('new')}
      </Button>
    </div>
  );
}

function NoSilences({ past }: { past: boolean }) {
  const { t } = useTranslation('silences');
  return (
    <Empty title={t(past ? 'empty.past' : 'empty.current')}>
      <p>{t(past ? 'empty.past.text' : 'empty.current.text')}</p>
      {!past && <Command text={ADD} />}
    </Empty>
  );
}
