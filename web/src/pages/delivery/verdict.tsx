import { useTranslation } from 'react-i18next';
import type { Delivery } from '@/api/types';
import { useSettings } from '@/app/settings';
import { type Finding, findingsOf, isTrouble, totalsOf, verdictOf } from '@/lib/delivery';
import { formatBytes, formatCount } from '@/lib/format';
import { formatClock } from '@/lib/time';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Command } from '@/parts/states';
import classes from './delivery.module.css';
import { useReaderName } from './readers';

const TONES = {
  none: 'calm',
  whole: 'good',
  arriving: 'good',
  behind: 'warn',
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
  const findings = findingsOf(report);
  const verdict = verdictOf(report, findings);
  const totals = totalsOf(report.streams);
  // What waits for a moment stands in the sentence: lines that come and go every few seconds disturb.
  const told = findings.filter((finding) => finding.kind !== 'waiting');
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
      {told.length > 0 && (
        <ul className={classes.findings}>
          {told.map((finding) => (
            <li key={JSON.stringify([finding.kind, 'reader' in finding && finding.reader])}>
              <Words finding={finding} />
            </li>
          ))}
        </ul>
      )}
      {report.streams.some(isTrouble) && (
        <Button small onClick={showTrouble}>
          {t('finding.show')}
        </Button>
      )}
    </section>
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
  const name = useReaderName();
  switch (finding.kind) {
    case 'damage':
      return (
        <Said
          text={finding.sentence}
          todo={t('finding.damage.do')}
          command="watchpost store verify"
        />
      );
    case 'stopped':
      return (
        <Said
          text={t('finding.stopped', { reader: name(finding.reader), error: finding.error })}
          todo={t('finding.stopped.do')}
        />
      );
    case 'behind':
      return (
        <Said
          text={t('finding.behind', {
            reader: name(finding.reader),
            size: formatBytes(finding.bytes),
          })}
          todo={t('finding.behind.do')}
        />
      );
    case 'gaps':
      return <Said text={gapWords(finding, t)} todo={t('finding.gaps.do')} />;
    case 'rejected':
    case 'faults': {
      const { count, kind } = finding;
      return (
        <Said
          text={t(`finding.${kind}`, { count, n: formatCount(count) })}
          todo={t(`finding.${kind}.do`)}
          command={kind === 'rejected' ? 'watchpost version' : undefined}
        />
      );
    }
    default:
      return null;
  }
}

function gapWords(
  { count, records }: Extract<Finding, { kind: 'gaps' }>,
  t: ReturnType<typeof useTranslation<'delivery'>>['t'],
): string {
  const known =
    records > 0 ? t('finding.gaps.records', { count: records, n: formatCount(records) }) : '';
  return t('finding.gaps', { count, n: formatCount(count), records: known });
}

interface SaidProps {
  text: string;
  todo: string;
  command?: string;
}

function Said({ text, todo, command }: SaidProps) {
  return (
    <>
      <p className={classes.finding}>
        <SafeText text={text} />
      </p>
      <p className={classes.todo}>{todo}</p>
      {command && <Command text={command} />}
    </>
  );
}
