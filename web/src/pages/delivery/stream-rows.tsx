/* biome-ignore-all lint/a11y/useSemanticElements: rows of a table are placed one by one here; only roles can say so */
/* biome-ignore-all lint/a11y/useFocusableInteractive: the button within takes the focus */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { StreamState } from '@/api/types';
import { useSettings } from '@/app/settings';
import { serverNow } from '@/lib/clock';
import {
  faults,
  keyOf,
  LAGGING_SECONDS,
  leftOut,
  OWN_AGENT,
  type Totals,
  waiting,
} from '@/lib/delivery';
import type { Group } from '@/lib/delivery-view';
import { formatCount, formatDuration } from '@/lib/format';
import { formatNear } from '@/lib/near';
import { safeString } from '@/lib/safe-text';
import { formatMoment } from '@/lib/time';
import { Icon } from '@/parts/icon';
import { SafeText } from '@/parts/safe-text';
import classes from './stream-table.module.css';

interface Numbers {
  read: number;
  events: number;
  stored: number;
  waiting: number;
  lagSeconds: number;
  leftOut: number;
  faults: number;
  rejected: number;
  gaps: number;
  updated: string;
}

/** Nought says nothing is wrong: it is quiet. What is wrong is not. */
function Count(props: { name: string; value: number; bad?: boolean; quiet?: boolean }) {
  const { name, value, bad, quiet } = props;
  return (
    <span
      role="cell"
      className={classes[name]}
      data-bad={(bad && value > 0) || undefined}
      data-quiet={(quiet && value === 0) || undefined}
    >
      {formatCount(value)}
    </span>
  );
}

function Cells({ numbers }: { numbers: Numbers }) {
  const { zone } = useSettings();
  const at = Date.parse(numbers.updated);
  const { lagSeconds } = numbers;
  return (
    <>
      <Count name="read" value={numbers.read} />
      <Count name="events" value={numbers.events} />
      <Count name="stored" value={numbers.stored} />
      <span
        role="cell"
        className={classes.lag}
        title={lagSeconds > 0 ? formatDuration(lagSeconds * 1000) : undefined}
        data-bad={lagSeconds >= LAGGING_SECONDS || undefined}
        data-quiet={numbers.waiting === 0 || undefined}
      >
        {formatCount(numbers.waiting)}
      </span>
      <span
        role="cell"
        className={classes.leftout}
        data-bad={numbers.faults > 0 || undefined}
        data-quiet={numbers.leftOut === 0 || undefined}
      >
        {formatCount(numbers.leftOut)}
      </span>
      <Count name="rejected" value={numbers.rejected} bad quiet />
      <Count name="gaps" value={numbers.gaps} bad quiet />
      <span role="cell" className={classes.updated}>
        <time dateTime={numbers.updated} title={formatMoment(at, zone)}>
          {formatNear(at, serverNow(), zone)}
        </time>
      </span>
    </>
  );
}

interface GroupProps {
  group: Group;
  index: number;
  folded: boolean;
  fold(agent: string): void;
}

export const GroupRow = memo(function GroupRow({ group, index, folded, fold }: GroupProps) {
  const { t } = useTranslation('delivery');
  const { agent, streams } = group;
  const own = agent === OWN_AGENT;
  const name = own ? t('own') : (group.name ?? agent);
  const totals: Totals = group.totals;
  return (
    <div role="row" aria-rowindex={index + 2} className={`${classes.row} ${classes.group}`}>
      <span role="rowheader" className={classes.stream}>
        <button
          type="button"
          aria-expanded={!folded}
          title={safeString(own ? t('own.text') : agent)}
          onClick={() => fold(agent)}
        >
          <span className={classes.turn} data-open={!folded || undefined}>
            <Icon name="right" />
          </span>
          <span className={classes.name}>
            <SafeText text={name} />
          </span>
          <small>
            {own ? agent : t('streams', { count: streams.length, n: formatCount(streams.length) })}
          </small>
        </button>
      </span>
      <Cells numbers={totals} />
    </div>
  );
});

interface StreamProps {
  stream: StreamState;
  index: number;
  open: boolean;
  toggle(key: string): void;
}

export const StreamRow = memo(function StreamRow({ stream, index, open, toggle }: StreamProps) {
  const { t } = useTranslation('delivery');
  const numbers = {
    read: stream.read,
    events: stream.events,
    stored: stream.stored_events,
    waiting: waiting(stream),
    lagSeconds: stream.lag.seconds,
    leftOut: leftOut(stream),
    faults: faults(stream),
    rejected: stream.rejected,
    gaps: stream.gaps,
    updated: stream.updated,
  };
  return (
    <div role="row" aria-rowindex={index + 2} className={classes.row} data-open={open || undefined}>
      <span role="rowheader" className={classes.stream}>
        <button
          type="button"
          aria-expanded={open}
          title={safeString(stream.stream)}
          onClick={() => toggle(keyOf(stream))}
        >
          <span className={classes.turn} data-open={open || undefined}>
            <Icon name="right" />
          </span>
          <span className={classes.name}>
            <SafeText text={stream.stream} />
          </span>
          {stream.silent_since && <small data-bad={true}>{t('silent')}</small>}
          {stream.ended && <small>{t('ended')}</small>}
        </button>
      </span>
      <Cells numbers={numbers} />
    </div>
  );
});
