import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { AuditEntry } from '@/api/types';
import { didOf, placeOf, shownValue } from '@/lib/audit';
import { cut } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './audit.module.css';

/** More of a value would make a row a page. */
const SHOWN = 300;

/** One thing that somebody did. */
export function Entry({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit');
  const did = didOf(entry.action);
  const isRefused = entry.outcome === 'refused';
  return (
    <tr data-refused={isRefused || undefined}>
      <td className={classes.time}>
        <Time at={entry.time} />
      </td>
      <td>
        <Who entry={entry} />
      </td>
      <td className={classes.address}>{entry.address && <SafeText text={entry.address} />}</td>
      <td title={entry.action}>
        {did ? t(did) : <SafeText text={entry.action} />}
        {isRefused && <b className={classes.refused}>{t('is.refused')}</b>}
      </td>
      <td>
        <What entry={entry} />
      </td>
      <td>
        <Details entry={entry} />
      </td>
    </tr>
  );
}

const KINDS = ['local', 'chat', 'agent', 'nobody'] as const;

function Who({ entry: { who, kind, label } }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit');
  const known = KINDS.find((one) => one === kind);
  return (
    <>
      {who !== '' && <SafeText text={cut(who, SHOWN)} />}{' '}
      {label && (
        <span className={classes.quiet}>
          <SafeText text={cut(label, SHOWN)} />
        </span>
      )}
      {known && <span className={classes.quiet}>{t(`kind.${known}`)}</span>}
    </>
  );
}

function What({ entry }: { entry: AuditEntry }) {
  const { id, name } = entry.object;
  const text = name ?? id;
  if (!text) return null;
  const shown = <SafeText text={cut(text, SHOWN)} />;
  const place = placeOf(entry);
  switch (place?.to) {
    case '/rule':
      return (
        <Link to="/rule" search={{ key: place.key }}>
          {shown}
        </Link>
      );
    case '/alerts/$id':
      return (
        <Link to="/alerts/$id" params={{ id: place.id }}>
          #{place.id} {shown}
        </Link>
      );
    case '/reports':
      return (
        <Link to="/reports" search={{ report: place.report }}>
          #{place.report}
        </Link>
      );
    case '/host':
      return (
        <Link to="/host" search={{ agent: place.agent }}>
          {shown}
        </Link>
      );
    default:
      return shown;
  }
}

function Details({ entry: { details } }: { entry: AuditEntry }) {
  const members = Object.entries(details);
  if (members.length === 0) return null;
  return (
    <dl className={classes.details}>
      {members.map(([name, value]) => (
        <div key={name}>
          <dt>
            <SafeText text={cut(name, SHOWN)} />
          </dt>
          <dd>
            <SafeText text={cut(shownValue(value), SHOWN)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
