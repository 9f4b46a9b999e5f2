import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { createSilence } from '@/api/silences';
import type { AlertInfo, NewSilence } from '@/api/types';
import { useSettings } from '@/app/settings';
import { serverNow } from '@/lib/clock';
import { iso } from '@/lib/range';
import { queryOf, type SilenceTime, termsOf, untilOf } from '@/lib/silence';
import { parseMoment } from '@/lib/time';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import { Matching } from './matching';
import classes from './silence-form.module.css';
import { SilenceTimes } from './silence-times';
import { Terms } from './terms';

/** The server takes 1,000 bytes; a character may have four, and most have two at most. */
const REASON_MAX = 450;
const QUERY_MAX = 2000;

function useCreate(close: () => void) {
  const client = useQueryClient();
  const { t } = useTranslation('silences');
  return useMutation({
    mutationFn: (silence: NewSilence) => createSilence(silence),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: ['silences'] });
      announce(t('done', { id: id ?? '' }));
      close();
    },
  });
}

/** What nobody is to be told, for how long, and why. */
export function SilenceForm({ alerts, close }: { alerts: AlertInfo[]; close(): void }) {
  const { t } = useTranslation(['silences', 'common']);
  const { zone } = useSettings();
  const [terms] = useState(() => termsOf(alerts));
  const [query, setQuery] = useState(() => queryOf(terms));
  const [time, setTime] = useState<SilenceTime | 'until'>('1h');
  const [at, setAt] = useState('');
  const [hours, setHours] = useState('');
  const [reason, setReason] = useState('');
  const create = useCreate(close);
  const until = time === 'until' ? parseMoment(at, zone) : untilOf(time, serverNow());
  const isWrong = until === undefined || until <= serverNow();
  const isReady = query.trim() !== '' && reason.trim() !== '' && !isWrong;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const said = hours.trim() ? { hours: hours.trim() } : {};
    create.mutate({ when: query.trim(), reason: reason.trim(), until: iso(until), ...said });
  };
  const field = useId();
  return (
    <form className={classes.form} onSubmit={submit}>
      <p className={classes.hint}>{t('explain')}</p>
      {terms.length > 0 && <Terms terms={terms} query={query} setQuery={setQuery} />}
      <label htmlFor={`${field}-query`}>{t('query')}</label>
      <textarea
        id={`${field}-query`}
        className={classes.query}
        rows={2}
        spellCheck={false}
        maxLength={QUERY_MAX}
        required
        value={query}
        aria-describedby={`${field}-query-hint`}
        data-autofocus={terms.length === 0 || undefined}
        onChange={(event) => setQuery(event.target.value)}
      />
      <p id={`${field}-query-hint`} className={classes.hint}>
        {t('query.hint')}
      </p>
      <Matching query={query.trim()} />
      <SilenceTimes time={time} setTime={setTime} at={at} setAt={setAt} isWrong={isWrong} />
      <label htmlFor={`${field}-reason`}>{t('reason')}</label>
      <input
        id={`${field}-reason`}
        className={classes.text}
        maxLength={REASON_MAX}
        required
        value={reason}
        placeholder={t('reason.place')}
        aria-describedby={`${field}-reason-hint`}
        data-autofocus={terms.length > 0 || undefined}
        onChange={(event) => setReason(event.target.value)}
      />
      <p id={`${field}-reason-hint`} className={classes.hint}>
        {t('reason.hint')}
      </p>
      <label htmlFor={`${field}-hours`}>{t('hours.label')}</label>
      <input
        id={`${field}-hours`}
        className={classes.text}
        maxLength={200}
        value={hours}
        spellCheck={false}
        aria-describedby={`${field}-hours-hint`}
        onChange={(event) => setHours(event.target.value)}
      />
      <p id={`${field}-hours-hint`} className={classes.hint}>
        {t('hours.hint')}
      </p>
      {create.error && <Failure error={create.error} />}
      <div className={classes.buttons}>
        <Button onClick={close}>{t('common:cancel')}</Button>
        <Button type="submit" look="primary" disabled={!isReady || create.isPending}>
          {t('submit')}
        </Button>
      </div>
    </form>
  );
}
