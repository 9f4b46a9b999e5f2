import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { endSilence } from '@/api/silences';
import type { SilenceInfo } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { safeString } from '@/lib/safe-text';
import { standingOf } from '@/lib/silence';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './silences.module.css';

/** One silence: what, why, until when, and who made it. */
export function SilenceRow({ silence }: { silence: SilenceInfo }) {
  const { t } = useTranslation('silences');
  const standing = standingOf(silence, serverNow());
  const isOver = standing === 'ended' || standing === 'over';
  return (
    <li className={classes.row} data-standing={standing}>
      <div className={classes.what}>
        <code>
          <SafeText text={silence.when} />
        </code>
        <p className={classes.reason}>
          <SafeText text={silence.reason} />
        </p>
        <p className={classes.meta}>
          <b>{t(`is.${standing}`)}</b>
          <Times silence={silence} />
          {silence.hours && (
            <span>
              {t('hours')}: <SafeText text={silence.hours} />
            </span>
          )}
          <Maker silence={silence} />
        </p>
      </div>
      {silence.id !== undefined && !isOver && <End id={silence.id} />}
    </li>
  );
}

function Times({ silence: { from, until, ended } }: { silence: SilenceInfo }) {
  const { t } = useTranslation('silences');
  const isLater = from !== undefined && Date.parse(from) > serverNow();
  const end = ended ?? until;
  return (
    <>
      {from && (isLater || ended) && (
        <span>
          {t('from')} <Time at={from} precision="minute" />
        </span>
      )}
      <span>
        {end ? (
          <>
            {t('until')} <Time at={end} precision="minute" />
          </>
        ) : (
          t('forever')
        )}
      </span>
    </>
  );
}

function Maker({ silence: { id, created_by, ended_by } }: { silence: SilenceInfo }) {
  const { t } = useTranslation('silences');
  if (id === undefined) return <span title={t('configured.hint')}>{t('configured')}</span>;
  return (
    <>
      {created_by && (
        <span>
          <bdi>{t('by', { who: safeString(created_by) })}</bdi>
        </span>
      )}
      {ended_by && (
        <span>
          <bdi>{t('ended.by', { who: safeString(ended_by) })}</bdi>
        </span>
      )}
      <span>#{id}</span>
    </>
  );
}

/** Ends it, once one has said so twice. */
function End({ id }: { id: number }) {
  const { t } = useTranslation('silences');
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const end = useMutation({
    mutationFn: () => endSilence(id),
    onSuccess: () => announce(t('ended', { id })),
    onSettled: () => client.invalidateQueries({ queryKey: ['silences'] }),
  });
  return (
    <div className={classes.end}>
      {asked ? (
        <>
          <span>{t('end.ask')}</span>
          <Button autoFocus disabled={end.isPending} onClick={() => end.mutate()}>
            {t('end.yes')}
          </Button>
          <Button look="quiet" onClick={() => setAsked(false)}>
            {t('end.no')}
          </Button>
        </>
      ) : (
        <Button aria-label={t('end.label', { id })} onClick={() => setAsked(true)}>
          {t('end')}
        </Button>
      )}
      {end.error && <Failure error={end.error} />}
    </div>
  );
}
