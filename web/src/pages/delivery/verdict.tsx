import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Delivery, Finding } from '@/api/types';
import { useSettings } from '@/app/settings';
import { isTrouble, partedFindings, totalsOf } from '@/lib/delivery';
import { formatCount } from '@/lib/format';
import { formatClock } from '@/lib/time';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Command } from '@/parts/states';
import classes from './delivery.module.css';
import { useWords } from './words';

const TONES = {
  none: 'calm',
  whole: 'good',
  arriving: 'good',
  behind: 'warn',
  silent: 'bad',
  lost: 'bad',
} as const;

interface Props {
  report: Delivery | undefined;
  showTrouble(): void;
}

/** The state of delivery in words, and what to do where something is wrong. */
export function Verdict({ report, showTrouble }: Props) {
  const { t } = useTranslation('delivery');
  if (!report) {
    return (
      <section className={classes.verdict} data-tone="calm">
        <h2>
          <Skeleton width={320} />
        </h2>
        <p>
          <Skeleton width={420} />
        </p>
      </section>
    );
  }
  const { verdict } = report;
  const totals = totalsOf(report.streams);
  const { urgent, notes } = partedFindings(report.findings);
  return (
    <section className={classes.verdict} data-tone={TONES[verdict]}>
      <h2>{t(`verdict.${verdict}`, { n: formatCount(totals.waiting) })}</h2>
      {verdict === 'none' ? (
        <Begin />
      ) : (
        <p className={classes.summary}>
          {t('summary', {
            count: totals.streams,
            n: formatCount(totals.streams),
            read: formatCount(totals.read),
            events: formatCount(totals.events),
            stored: formatCount(totals.stored),
          })}{' '}
          <AsOf at={report.at} />
        </p>
      )}
      <Findings findings={urgent} />
      {report.findings_left_out > 0 && (
        <p className={classes.dim}>
          {t('finding.more', { n: formatCount(report.findings_left_out) })}
        </p>
      )}
      {notes.length > 0 && <Notes notes={notes} />}
      {report.streams.some(isTrouble) && (
        <Button small onClick={showTrouble}>
          {t('finding.show')}
        </Button>
      )}
    </section>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul className={classes.findings}>
      {findings.map((finding) => (
        <li key={keyOf(finding)} data-tone={finding.tone}>
          <Words finding={finding} />
        </li>
      ))}
    </ul>
  );
}

const keyOf = ({ kind, agent, stream, name, detail }: Finding) =>
  JSON.stringify([kind, agent, stream, name, kind === 'gap' || kind === 'faults' ? detail : '']);

/** Good to know, and in nobody's way. */
function Notes({ notes }: { notes: readonly Finding[] }) {
  const { t } = useTranslation('delivery');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button look="quiet" small aria-expanded={open} onClick={() => setOpen(!open)}>
        {t('notes', { count: notes.length, n: formatCount(notes.length) })}
      </Button>
      {open && <Findings findings={notes} />}
    </>
  );
}

function AsOf({ at }: { at: string }) {
  const { t } = useTranslation('delivery');
  const { zone } = useSettings();
  return (
    <span className={classes.dim}>{t('as.of', { at: formatClock(Date.parse(at), zone) })}</span>
  );
}

function Begin() {
  const { t } = useTranslation('delivery');
  return (
    <div className={classes.begin}>
      <p>{t('empty.text')}</p>
      <Command text="watchpost up" />
      <p>{t('empty.agent')}</p>
      <Command text="watchpost token create --agent web-1" />
    </div>
  );
}

function Words({ finding }: { finding: Finding }) {
  const { t } = useTranslation('delivery');
  const { text, todo } = useWords(finding);
  return (
    <>
      <p className={classes.finding}>
        <SafeText text={text} />{' '}
        {finding.agent && finding.tone !== 'note' && (
          <Link to="/delivery" search={{ agent: finding.agent }} className={classes.where}>
            {t('finding.where')}
          </Link>
        )}
      </p>
      <p className={classes.todo}>
        <SafeText text={todo} />
      </p>
      {finding.command && <Command text={finding.command} />}
    </>
  );
}
