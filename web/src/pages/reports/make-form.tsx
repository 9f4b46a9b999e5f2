import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { deliveryQuery } from '@/api/delivery';
import { useSettings } from '@/app/settings';
import { serverNow } from '@/lib/clock';
import { iso } from '@/lib/range';
import {
  DAYS_MAX,
  hostNames,
  PERIODS,
  type Period,
  spanOfPeriod,
  spanOfTyped,
  zoneId,
} from '@/lib/report';
import { formatSpan, zoneName } from '@/lib/time';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import { HostChoice } from './host-choice';
import classes from './make-form.module.css';
import { OwnTime } from './own-time';
import { Progress } from './progress';
import type { Making } from './use-making';

const HOSTS_MS = 60_000;

/** Of which time and about what. The language is the page's, the zone that of its times. */
export function MakeForm({ making, close }: { making: Making; close(): void }) {
  const { t, i18n } = useTranslation(['reports', 'common']);
  const { zone } = useSettings();
  const id = useId();
  const [period, setPeriod] = useState<Period>('yesterday');
  const [own, setOwn] = useState({ from: '', to: '' });
  const [host, setHost] = useState<string>();
  const { data } = useQuery({ ...deliveryQuery, staleTime: HOSTS_MS });
  const now = serverNow();
  const typed =
    period === 'own'
      ? spanOfTyped(own.from, own.to, zone)
      : { span: spanOfPeriod(period, now, zone) };
  const isReady = 'span' in typed && host?.trim() !== '';
  const choose = (next: Period) => {
    // What was chosen before is where typing begins.
    if (next === 'own' && 'span' in typed) {
      const [from, to] = [typed.span.from, typed.span.to].map((ms) => formatSpan(ms, ms, zone));
      if (own.from === '') setOwn({ from: from?.slice(0, 16) ?? '', to: to?.slice(0, 16) ?? '' });
    }
    setPeriod(next);
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!isReady || making.since !== undefined) return;
    const { from, to } = typed.span;
    const about = host === undefined ? {} : { host: host.trim() };
    making.make({
      ...about,
      from: iso(from),
      to: iso(to),
      language: i18n.language,
      timezone: zoneId(zone),
    });
  };
  return (
    <form
      className={classes.form}
      aria-label={t('new')}
      onSubmit={submit}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <fieldset>
        <legend>{t('period')}</legend>
        <div className={classes.choices}>
          {PERIODS.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name={`${id}-period`}
                checked={period === one}
                // biome-ignore lint/a11y/noAutofocus: the form was asked for
                autoFocus={one === period}
                onChange={() => choose(one)}
              />
              {t(`period.${one}`)}
            </label>
          ))}
        </div>
        {period === 'own' ? (
          <OwnTime own={own} setOwn={setOwn} typed={typed} />
        ) : (
          <p className={classes.hint}>
            {'span' in typed && formatSpan(typed.span.from, typed.span.to, zone)}{' '}
            {zoneName(now, zone)}
          </p>
        )}
      </fieldset>
      <HostChoice host={host} setHost={setHost} names={data ? hostNames(data.hosts) : []} />
      <p className={classes.hint}>{t('language.hint', { zone: zoneId(zone), days: DAYS_MAX })}</p>
      {making.error !== undefined && making.error !== null && <Failure error={making.error} />}
      <div className={classes.buttons}>
        <Button type="submit" look="primary" disabled={!isReady || making.since !== undefined}>
          {t('make')}
        </Button>
        {making.since === undefined ? (
          <Button onClick={close}>{t('common:close')}</Button>
        ) : (
          <Progress since={making.since} cancel={making.cancel} />
        )}
      </div>
    </form>
  );
}
