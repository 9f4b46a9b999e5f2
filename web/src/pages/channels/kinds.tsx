import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { ChannelsParams } from '@/app/router';
import { BRANDS, KINDS, type Kind } from '@/lib/channel-form';
import classes from './channel-form.module.css';

/** What a kind is called. */
export function useKindName(): (kind: Kind) => string {
  const { t } = useTranslation('channels');
  return (kind) => BRANDS[kind] ?? t(`kind.${kind as 'email' | 'webhook' | 'syslog'}`);
}

/** Where messages can go, what each kind needs, and where one gets it. */
export function Kinds() {
  const { t } = useTranslation('channels');
  const nameOf = useKindName();
  return (
    <>
      <h2>{t('kinds.title')}</h2>
      <ul className={classes.kinds} aria-label={t('kinds.title')}>
        {KINDS.map((kind, at) => (
          <li key={kind}>
            <Link
              to="/channels"
              search={(old: ChannelsParams) => ({ ...old, make: kind })}
              autoFocus={at === 0}
            >
              <b>{nameOf(kind)}</b>
              <span>{t(`need.${kind}`)}</span>
            </Link>
          </li>
        ))}
      </ul>
      <p className={classes.hint}>{t('kinds.script')}</p>
    </>
  );
}
