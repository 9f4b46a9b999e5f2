import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { AlertInfo } from '@/api/types';
import { useSettings } from '@/app/settings';
import { storyOf, toneOf } from '@/lib/alert';
import { REASONS } from '@/lib/alert-change';
import { serverNow } from '@/lib/clock';
import { formatCount } from '@/lib/format';
import { formatNear } from '@/lib/near';
import { cut, safeString } from '@/lib/safe-text';
import { formatMoment } from '@/lib/time';
import { Level } from '@/parts/level';
import { SafeText } from '@/parts/safe-text';
import classes from './list.module.css';

/** Longer stories are whole in the detail. */
const STORY_MAX = 400;

interface Props {
  alert: AlertInfo;
  current: boolean;
  selected: boolean;
  select(id: number, range: boolean): void;
}

/** A moment as text: a list of hundreds needs no live clocks. Today's have no date. */
function Moment({ at }: { at: string }) {
  const { zone } = useSettings();
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={`${formatMoment(ms, zone)}\n${at}`}>
      {formatNear(ms, serverNow(), zone)}
    </time>
  );
}

export const Row = memo(function Row({ alert, current, selected, select }: Props) {
  const { t } = useTranslation('alerts');
  const story = cut(storyOf(alert), STORY_MAX);
  return (
    <li
      className={classes.row}
      data-id={alert.id}
      data-current={current || undefined}
      data-state={alert.state}
      style={{ borderLeftColor: `var(--sev-${toneOf(alert.level)})` }}
    >
      <label className={classes.check}>
        <input
          type="checkbox"
          checked={selected}
          aria-label={t('select', { id: alert.id })}
          onChange={(event) =>
            select(alert.id, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)
          }
        />
      </label>
      <Link
        to="/alerts/$id"
        params={{ id: String(alert.id) }}
        search={(old) => old}
        preload={false}
        className={classes.link}
        aria-current={current ? 'true' : undefined}
      >
        <span className={classes.level}>
          <Level level={alert.level} />
          <span className={classes.score} title={t('score.title', { score: alert.score })}>
            {alert.score}
          </span>
        </span>
        <span className={classes.text}>
          <span className={classes.story} title={safeString(story)}>
            <SafeText text={story} />
          </span>
          <span className={classes.rule}>
            <span className={classes.word}>
              <Level level={alert.level} />
              {' · '}
            </span>
            <SafeText text={alert.rule} />
            <span className={classes.place}>
              {[alert.host, alert.user].filter(Boolean).map((text) => (
                <span key={text}>
                  {' · '}
                  <SafeText text={text ?? ''} />
                </span>
              ))}
            </span>
            <State alert={alert} />
          </span>
        </span>
        <span className={classes.host}>{alert.host && <SafeText text={alert.host} />}</span>
        <span className={classes.user}>{alert.user && <SafeText text={alert.user} />}</span>
        <span className={classes.count} title={t('count.title', { count: alert.count })}>
          {formatCount(alert.count)}
        </span>
        <span className={classes.first}>
          <Moment at={alert.first} />
        </span>
        <span className={classes.last}>
          <Moment at={alert.last} />
        </span>
      </Link>
    </li>
  );
});

/** Who sees to it, or has; nothing of an alert that waits for somebody. */
function State({ alert }: { alert: AlertInfo }) {
  const { t } = useTranslation('alerts');
  const { state, assignee } = alert;
  const who = state === 'closed' ? alert.closed_by : alert.acknowledged_by;
  const reason = REASONS.find((one) => one === alert.close_reason);
  return (
    <span className={classes.state}>
      {state !== 'open' && ` · ${t(`is.${state}`)}`}
      {state === 'closed' && reason && `: ${t(`reason.${reason}`)}`}
      {state !== 'open' && who && (
        <>
          {', '}
          <SafeText text={who} />
        </>
      )}
      {assignee && (
        <>
          {' · '}
          <SafeText text={t('for', { who: assignee })} />
        </>
      )}
    </span>
  );
}
