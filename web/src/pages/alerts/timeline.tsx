import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AlertDetail, AlertEvent, AlertInfo } from '@/api/types';
import { storyOf } from '@/lib/alert';
import { fieldOf, textOf } from '@/lib/event';
import { formatCount } from '@/lib/format';
import { cut } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { Icon } from '@/parts/icon';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './detail.module.css';
import { Fields } from './fields';
import { Part } from './part';
import { filter, searchAround } from './search-link';

const SHOWN = 10;
const STEP = 50;

/** The detections of the story, the newest first. */
export function Timeline({ detail }: { detail: AlertDetail }) {
  const { t } = useTranslation('alerts');
  const [shown, setShown] = useState(SHOWN);
  const { alert, events } = detail;
  const rest = Math.min(STEP, events.length - shown);
  const beside =
    events.length < alert.count
      ? t('events.newest', {
          count: formatCount(events.length) as never,
          total: formatCount(alert.count),
        })
      : formatCount(alert.count);
  return (
    <Part title={t('events.title')} beside={beside}>
      <ol className={classes.timeline}>
        {events.slice(0, shown).map((one, index) => (
          <Detection
            key={one.id}
            one={one}
            alert={alert}
            opened={index === 0 && events.length === 1}
          />
        ))}
      </ol>
      {rest > 0 && (
        <Button small onClick={() => setShown(shown + STEP)}>
          {t('events.more', { count: rest })}
        </Button>
      )}
    </Part>
  );
}

interface Props {
  one: AlertEvent;
  alert: AlertInfo;
  opened: boolean;
}

function Detection({ one, alert, opened }: Props) {
  const { t } = useTranslation('alerts');
  const [open, setOpen] = useState(opened);
  const { event, time } = one;
  const message = event ? textOf(event.message) : '';
  const story = storyOf({ message, rule: alert.rule });
  return (
    <li>
      <button
        type="button"
        className={classes.detection}
        aria-expanded={open}
        disabled={!event}
        title={event && t('events.expand')}
        onClick={() => setOpen(!open)}
      >
        <span className={classes.turn} data-open={open || undefined}>
          <Icon name="right" />
        </span>
        <Time at={time} />
        <span className={classes.line}>
          {event ? <SafeText text={cut(story, 400)} /> : <i>{t('events.gone')}</i>}
        </span>
      </button>
      {open && event && (
        <div className={classes.opened}>
          <Links one={one} host={alert.host} />
          <Fields event={event} at={time} />
        </div>
      )}
    </li>
  );
}

/** From a detection to the event behind it, and to what else was there at that time. */
function Links({ one, host }: { one: AlertEvent; host: string | undefined }) {
  const { t } = useTranslation('alerts');
  const cause = one.event ? fieldOf(one.event, 'watchpost.cause') : undefined;
  const filters = host ? [filter('host.name', host)] : [];
  return (
    <p className={classes.links}>
      {typeof cause === 'string' && (
        <Link to="/search" search={searchAround(one.time, filters, cause)}>
          {t('events.cause')}
        </Link>
      )}
      <Link to="/search" search={searchAround(one.time, filters)}>
        {t('events.around')}
      </Link>
    </p>
  );
}
