import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addException, endException } from '@/api/rules';
import type { NewException, RuleException, RuleView } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { iso } from '@/lib/range';
import { safeString } from '@/lib/safe-text';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './rule.module.css';
import { REASON_MAX } from './switch';

const DAY_MS = 86_400_000;
/** In days; 0 is until it is ended. */
const DAYS = [0, 1, 7, 30] as const;

/** What the rule is not to find. */
export function Exceptions({ rule }: { rule: RuleView }) {
  const { t } = useTranslation('rule');
  const id = useId();
  const list = rule.exception_list ?? [];
  return (
    <section className={classes.part} aria-labelledby={id}>
      <h2 id={id}>{t('exceptions')}</h2>
      <p className={classes.hint}>{t('exceptions.hint')}</p>
      <ul className={classes.exceptions}>
        {list.map((one) => (
          <Exception key={one.id} exception={one} />
        ))}
      </ul>
      <Add rule={rule} />
    </section>
  );
}

function Exception({ exception }: { exception: RuleException }) {
  const { t } = useTranslation('rule');
  const client = useQueryClient();
  const { id, name, when, reason, active, until, ended, created_by, ended_by } = exception;
  const end = useMutation({
    mutationFn: () => endException(id),
    onSuccess: () => announce(t('exceptions.ended', { id })),
    onSettled: () => client.invalidateQueries({ queryKey: ['rules'] }),
  });
  const last = ended ?? until;
  return (
    <li data-over={!active || undefined}>
      <code>
        <SafeText text={when} />
      </code>
      <p>
        {name && (
          <b>
            <SafeText text={name} />
          </b>
        )}{' '}
        <SafeText text={reason} />
      </p>
      <p className={classes.hint}>
        #{id} {active ? t('exceptions.active') : t('exceptions.over')}{' '}
        {last && (
          <>
            {t('exceptions.until')} <Time at={last} precision="minute" />
          </>
        )}{' '}
        <bdi>{t('by', { who: safeString(ended_by ?? created_by) })}</bdi>
      </p>
      {active && (
        <Button
          small
          disabled={end.isPending}
          aria-label={t('exceptions.end.label', { id })}
          onClick={() => end.mutate()}
        >
          {t('exceptions.end')}
        </Button>
      )}
      {end.error && <Failure error={end.error} />}
    </li>
  );
}

function Add({ rule }: { rule: RuleView }) {
  const { t } = useTranslation('rule');
  const client = useQueryClient();
  const [when, setWhen] = useState('');
  const [reason, setReason] = useState('');
  const [days, setDays] = useState(0);
  const id = useId();
  const add = useMutation({
    mutationFn: (body: NewException) => addException(rule.key, body),
    onSuccess: (made) => {
      setWhen('');
      setReason('');
      announce(t('exceptions.made', { id: made.id }));
      return client.invalidateQueries({ queryKey: ['rules'] });
    },
  });
  const isReady = when.trim() !== '' && reason.trim() !== '';
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const until = days > 0 ? { until: iso(serverNow() + days * DAY_MS) } : {};
    add.mutate({ when: when.trim(), reason: reason.trim(), ...until });
  };
  return (
    <form className={classes.add} onSubmit={submit}>
      <label htmlFor={`${id}-when`}>{t('exceptions.when')}</label>
      <input
        id={`${id}-when`}
        className={classes.query}
        spellCheck={false}
        maxLength={2000}
        value={when}
        onChange={(event) => setWhen(event.target.value)}
      />
      <label htmlFor={`${id}-reason`}>{t('reason')}</label>
      <input
        id={`${id}-reason`}
        maxLength={REASON_MAX}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <label htmlFor={`${id}-days`}>{t('exceptions.days')}</label>
      <select
        id={`${id}-days`}
        value={days}
        onChange={(event) => setDays(Number(event.target.value))}
      >
        {DAYS.map((one) => (
          <option key={one} value={one}>
            {one === 0 ? t('exceptions.endless') : t('exceptions.for', { count: one })}
          </option>
        ))}
      </select>
      <Button type="submit" disabled={!isReady || add.isPending}>
        {t('exceptions.add')}
      </Button>
      {add.error && <Failure error={add.error} />}
    </form>
  );
}
