import { useTranslation } from 'react-i18next';
import type { AlertDetail, AlertInfo, AlertNote } from '@/api/types';
import { closeNote } from '@/lib/alert-change';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './history.module.css';

/** Who did what about it and when, and what they said. */
export function History({ detail }: { detail: AlertDetail }) {
  const { t } = useTranslation('alerts');
  const entries = [...before(detail.alert, detail.history), ...detail.history];
  if (entries.length === 0) return null;
  return (
    <ol className={classes.history} aria-label={t('history.title')}>
      {entries.map((entry) => (
        <Entry key={`${entry.time} ${entry.action} ${entry.note}`} entry={entry} />
      ))}
    </ol>
  );
}

/** An alert that was acknowledged before histories were kept says it itself. */
function before(alert: AlertInfo, history: readonly AlertNote[]): AlertNote[] {
  const { acknowledged, acknowledged_by: author = '', note = '' } = alert;
  if (!acknowledged || history.some(({ action }) => action === 'acknowledged')) return [];
  const said = history.length === 0 ? note : '';
  return [{ time: acknowledged, author, action: 'acknowledged', note: said }];
}

const VERBS = {
  acknowledged: 'history.acknowledged',
  closed: 'history.closed',
  reopened: 'history.reopened',
  assigned: 'history.assigned',
  commented: 'history.commented',
} as const;

function Entry({ entry }: { entry: AlertNote }) {
  const { t } = useTranslation('alerts');
  const { action, note } = entry;
  const who = safeString(entry.author) || t('ack.nobody');
  const { reason, text } = action === 'closed' ? closeNote(note) : { text: note };
  const said = action === 'assigned' ? '' : text;
  const isGiven = action === 'assigned' && note !== '';
  const sentence = () => {
    if (isGiven) return t('history.assigned', { who, to: safeString(note) });
    if (action === 'assigned') return t('history.freed', { who });
    return t(VERBS[action], { who });
  };
  return (
    <li data-action={action}>
      <p>
        <Time at={entry.time} precision="minute" />
        <span>
          <bdi>{sentence()}</bdi>
          {reason && <>: {t(`reason.${reason}`)}</>}
        </span>
      </p>
      {said && (
        <blockquote>
          <SafeText text={said} keepLines />
        </blockquote>
      )}
    </li>
  );
}
