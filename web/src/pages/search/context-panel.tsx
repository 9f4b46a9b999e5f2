import { useQuery } from '@tanstack/react-query';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import type { Event } from '@/api/types';
import { useSettings } from '@/app/settings';
import { fieldOf, idOf, textOf, timeOf } from '@/lib/event';
import { cut } from '@/lib/safe-text';
import { severityOf } from '@/lib/severity';
import { formatMoment, type Zone } from '@/lib/time';
import { Button, IconButton } from '@/parts/button';
import { SafePieces, SafeText } from '@/parts/safe-text';
import tones from '@/parts/severity.module.css';
import { Failure, Warning } from '@/parts/states';
import classes from './context-panel.module.css';
import { Detail, type DetailActions } from './detail';
import { contextQuery } from './queries';

const STEP = 25;
const LINE_MAX = 1000;

interface Props {
  id: string;
  actions: DetailActions;
  close(): void;
}

/** What stood around an event in its stream, oldest first as in a file. */
export function ContextPanel({ id, actions, close }: Props) {
  const { t } = useTranslation('search');
  const panel = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another event is another panel
  useEffect(() => panel.current?.focus(), [id]);
  return (
    <aside
      className={classes.panel}
      ref={panel}
      tabIndex={-1}
      aria-label={t('context.title')}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
    >
      <ContextBody key={id} id={id} actions={actions} close={close} />
    </aside>
  );
}

/** The list stands still while lines are put before it. */
function useSteady(first: string | undefined) {
  const list = useRef<HTMLDivElement>(null);
  const before = useRef<{ first?: string; height: number }>({ height: 0 });
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const grown = element.scrollHeight - before.current.height;
    if (before.current.first && before.current.first !== first) element.scrollTop += grown;
    before.current = { first, height: element.scrollHeight };
  });
  return list;
}

function ContextBody({ id, actions, close }: Props) {
  const { t } = useTranslation('search');
  const [around, setAround] = useState({ before: STEP, after: STEP });
  const { data, error, isFetching, refetch } = useQuery(
    contextQuery(id, around.before, around.after),
  );
  const events = data?.events ?? [];
  const meant = events.findIndex((event) => idOf(event) === id);
  const list = useSteady(events[0] && idOf(events[0]));
  const stream = textOf(fieldOf(events[0] ?? {}, 'watchpost.stream'));
  const centred = useRef(false);
  useEffect(() => {
    if (meant < 0 || centred.current) return;
    centred.current = true;
    list.current?.querySelector('[data-meant="true"]')?.scrollIntoView({ block: 'center' });
  }, [meant, list]);
  const gone = isApiError(error, 'not_found') || (data && meant < 0);
  return (
    <>
      <div className={classes.head}>
        <h2>{t('context.title')}</h2>
        <span className={classes.stream} title={stream}>
          <SafeText text={stream} />
        </span>
        {stream && (
          <Button
            small
            onClick={() =>
              actions.filter({ field: 'watchpost.stream', value: stream, negate: false })
            }
          >
            {t('context.search')}
          </Button>
        )}
        <IconButton icon="close" small label={t('context.close')} onClick={close} />
      </div>
      {gone && (
        <div className={classes.state}>
          <Warning>{t('context.gone')}</Warning>
        </div>
      )}
      {error && !gone && (
        <div className={classes.state}>
          <Failure error={error} retry={() => void refetch()} />
        </div>
      )}
      {events.length > 0 && (
        <div className={classes.list} ref={list}>
          <More
            label={t('context.older')}
            there={meant >= around.before}
            busy={isFetching}
            load={() => setAround({ ...around, before: around.before + STEP * 2 })}
          />
          {events.map((event, index) => (
            <Line
              key={idOf(event) ?? index}
              event={event}
              meant={index === meant}
              actions={actions}
            />
          ))}
          <More
            label={t('context.newer')}
            there={events.length - 1 - meant >= around.after}
            busy={isFetching}
            load={() => setAround({ ...around, after: around.after + STEP * 2 })}
          />
        </div>
      )}
    </>
  );
}

interface MoreProps {
  label: string;
  there: boolean;
  busy: boolean;
  load(): void;
}

function More({ label, there, busy, load }: MoreProps) {
  const { t } = useTranslation('search');
  return (
    <div className={classes.more}>
      {there ? (
        <Button small disabled={busy} onClick={load}>
          {label}
        </Button>
      ) : (
        t('context.end')
      )}
    </div>
  );
}

interface LineProps {
  event: Event;
  meant: boolean;
  actions: DetailActions;
}

function clock(event: Event, zone: Zone): string {
  const ms = Date.parse(timeOf(event));
  return Number.isNaN(ms) ? '' : formatMoment(ms, zone).slice(11);
}

function Line({ event, meant, actions }: LineProps) {
  const { zone } = useSettings();
  const [open, setOpen] = useState(false);
  const level = severityOf(fieldOf(event, 'log.level'));
  return (
    <>
      <button
        type="button"
        className={classes.line}
        data-meant={meant}
        aria-expanded={open}
        onClick={() => getSelection()?.type !== 'Range' && setOpen(!open)}
      >
        <span className={`${classes.bar} ${tones[level]}`} />
        <span className={classes.time} title={timeOf(event).slice(0, 40)}>
          {clock(event, zone)}
        </span>
        <span className={classes.text}>
          <SafePieces text={cut(textOf(event.message), LINE_MAX)} />
        </span>
      </button>
      {open && <Detail event={event} json={JSON.stringify(event)} actions={actions} />}
    </>
  );
}
