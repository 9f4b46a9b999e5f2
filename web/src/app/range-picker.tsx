import { Popover } from '@mantine/core';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { serverNow } from '@/lib/clock';
import { backOf, iso, momentOf, QUICK_RANGES, type Range } from '@/lib/range';
import { formatSecond, parseMoment, type Zone } from '@/lib/time';
import { Button, IconButton } from '@/parts/button';
import { useRangeName } from './range-name';
import classes from './range-picker.module.css';
import { useSettings } from './settings';
import { useTimeRange } from './time-range';

/** How an end of the range stands in its field: `-1h` and `now` as they are, moments in the zone. */
function shown(end: string, zone: Zone): string {
  if (backOf(end) !== undefined) return end;
  const at = momentOf(end, 0);
  return at === undefined ? end : formatSecond(at, zone);
}

function read(text: string, zone: Zone): string | undefined {
  const typed = text.trim();
  if (backOf(typed) !== undefined) return typed;
  const at = parseMoment(typed, zone);
  return at === undefined ? undefined : iso(at);
}

function QuickRanges({ choose }: { choose(range: Range): void }) {
  const { range } = useTimeRange();
  const name = useRangeName();
  return (
    <ul className={classes.quick}>
      {QUICK_RANGES.map((from) => (
        <li key={from}>
          <button
            type="button"
            aria-current={range.from === from && range.to === 'now'}
            onClick={() => choose({ from, to: 'now' })}
          >
            {name({ from, to: 'now' })}
          </button>
        </li>
      ))}
    </ul>
  );
}

function ExactRange({ choose }: { choose(range: Range): void }) {
  const { t } = useTranslation(['frame', 'common']);
  const { zone } = useSettings();
  const { range } = useTimeRange();
  const [from, setFrom] = useState(shown(range.from, zone));
  const [to, setTo] = useState(shown(range.to, zone));
  const [wrong, setWrong] = useState<{ from?: string; to?: string }>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const next = { from: read(from, zone), to: read(to, zone) };
    const now = serverNow();
    if (!next.from || !next.to) {
      const unreadable = t('range.unreadable');
      setWrong({ from: next.from ? undefined : unreadable, to: next.to ? undefined : unreadable });
    } else if ((momentOf(next.from, now) ?? 0) >= (momentOf(next.to, now) ?? 0)) {
      setWrong({ from: t('range.order') });
    } else {
      choose({ from: next.from, to: next.to });
    }
  };
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <End label={t('range.from')} text={from} change={setFrom} wrong={wrong.from} first />
      <End label={t('range.to')} text={to} change={setTo} wrong={wrong.to} />
      <p className={classes.hint}>{t('range.hint')}</p>
      <div>
        <Button type="submit" look="primary">
          {t('common:apply')}
        </Button>
      </div>
    </form>
  );
}

interface EndProps {
  label: string;
  text: string;
  change(text: string): void;
  wrong?: string;
  first?: boolean;
}

function End({ label, text, change, wrong, first }: EndProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={text}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong && `${id}-wrong`}
        onChange={(event) => change(event.currentTarget.value)}
        data-autofocus={first}
      />
      {wrong && <p id={`${id}-wrong`}>{wrong}</p>}
    </div>
  );
}

export function RangePicker() {
  const { t } = useTranslation('frame');
  const { range, setRange, zoomIn, zoomOut, back } = useTimeRange();
  const [opened, setOpened] = useState(false);
  const name = useRangeName();
  const choose = (next: Range) => {
    setOpened(false);
    setRange(next);
  };
  return (
    <div className={classes.picker}>
      <IconButton icon="back" label={t('range.back')} disabled={!back} onClick={back} />
      <Popover
        opened={opened}
        onChange={setOpened}
        position="bottom-end"
        trapFocus
        returnFocus
        withinPortal
      >
        <Popover.Target>
          <Button
            className={classes.current}
            title={t('range')}
            aria-label={`${t('range')}: ${name(range)}`}
            onClick={() => setOpened((was) => !was)}
          >
            {name(range)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label={t('range')}>
          <div className={classes.panel}>
            <section>
              <h2>{t('range.quick')}</h2>
              <QuickRanges choose={choose} />
            </section>
            <section>
              <h2>{t('range.exact')}</h2>
              <ExactRange choose={choose} />
            </section>
          </div>
        </Popover.Dropdown>
      </Popover>
      <span className={classes.zoom}>
        <IconButton icon="minus" label={t('range.out')} onClick={zoomOut} />
        <IconButton icon="plus" label={t('range.in')} onClick={zoomIn} />
      </span>
    </div>
  );
}
