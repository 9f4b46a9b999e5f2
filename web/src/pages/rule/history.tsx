import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { BacktestDetection, BacktestEnd } from '@/api/types';
import { formatCount } from '@/lib/format';
import { iso } from '@/lib/range';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { Level } from '@/parts/level';
import { SafeText } from '@/parts/safe-text';
import { Failure, Warning } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './rule.module.css';
import { type Backtest, useBacktest } from './use-backtest';

const SPANS = ['-24h', '-7d', '-30d', '-90d'] as const;

/** What a text would have found in what is stored. */
export function History({ text }: { text: string }) {
  const { t } = useTranslation('rule');
  const [from, setFrom] = useState<string>('-7d');
  const [q, setQ] = useState('');
  const { state, start, cancel } = useBacktest();
  const id = useId();
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!state.running) void start({ text, q: q.trim(), from });
  };
  return (
    <section className={classes.part} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('backtest')}</h2>
      <p className={classes.hint}>{t('backtest.hint')}</p>
      <form className={classes.actions} onSubmit={submit}>
        <select
          aria-label={t('backtest.from')}
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        >
          {SPANS.map((span) => (
            <option key={span} value={span}>
              {t(`backtest.span.${span.slice(1) as '24h' | '7d' | '30d' | '90d'}`)}
            </option>
          ))}
        </select>
        <input
          aria-label={t('backtest.query')}
          placeholder={t('backtest.query')}
          spellCheck={false}
          value={q}
          onChange={(event) => setQ(event.target.value)}
        />
        {state.running ? (
          <Button onClick={cancel}>{t('backtest.cancel')}</Button>
        ) : (
          <Button type="submit" disabled={text.trim() === ''}>
            {t('backtest.start')}
          </Button>
        )}
      </form>
      <Shown state={state} />
    </section>
  );
}

function Shown({ state }: { state: Backtest }) {
  const { t } = useTranslation('rule');
  const { running, progress, found, end, error, cancelled } = state;
  const done = progress?.done ?? 0;
  return (
    <>
      {running && (
        <div className={classes.progress}>
          <progress aria-label={t('backtest')} value={done} max={1} />
          <span>
            {t('backtest.progress', {
              percent: Math.floor(done * 100),
              events: formatCount(progress?.events ?? 0),
              found: formatCount(progress?.detections ?? 0),
            })}
          </span>
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
      <p className={classes.sum} role="status">
        {cancelled && t('backtest.cancelled')}
        {end &&
          t('backtest.end', {
            count: end.detections,
            n: formatCount(end.detections),
            events: formatCount(end.events),
            hits: formatCount(end.hits),
            excepted: formatCount(end.excepted),
          })}
      </p>
      {end?.damage && (
        <Warning>
          <SafeText text={end.damage.join('\n')} keepLines />
        </Warning>
      )}
      {end && end.histogram.length > 0 && <Bars end={end} />}
      {found.length > 0 && <Detections found={found} />}
      {end && end.shown < end.detections && (
        <p className={classes.hint}>
          {t('backtest.more', { n: formatCount(end.detections - end.shown) })}
        </p>
      )}
    </>
  );
}

/** More bars than this are not told apart. */
const BARS_MAX = 120;

/** Detections over time; the table below it says the same to those who do not see. */
function Bars({ end }: { end: BacktestEnd }) {
  const { t } = useTranslation('rule');
  const bars = end.histogram.slice(-BARS_MAX);
  const most = Math.max(...bars.map(({ count }) => count));
  return (
    <ol className={classes.bars} aria-label={t('backtest.over')}>
      {bars.map(({ time, count }) => (
        <li key={time}>
          <span>
            <Time at={time} precision="minute" />
          </span>
          <i aria-hidden="true" style={{ width: `${(count / most) * 100}%` }} />
          <b>{formatCount(count)}</b>
        </li>
      ))}
    </ol>
  );
}

const AROUND_MS = 300_000;

/** The time in which an event is looked at with what happened around it. */
function around(time: string) {
  const at = Date.parse(time);
  return { from: iso(at - AROUND_MS), to: iso(at + AROUND_MS) };
}

function Detections({ found }: { found: BacktestDetection[] }) {
  const { t } = useTranslation('rule');
  return (
    <ol className={classes.found} aria-label={t('backtest.found')}>
      {found.map(({ time, level, message, cause }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they only become more
        <li key={at}>
          <Time at={time} /> <Level level={level} /> <SafeText text={message} />{' '}
          {cause && (
            <Link
              to="/search"
              search={{ context: cause, ...around(time) }}
              aria-label={t('backtest.cause.label', { message: safeString(message) })}
            >
              {t('backtest.cause')}
            </Link>
          )}
        </li>
      ))}
    </ol>
  );
}
