import { useTranslation } from 'react-i18next';
import type { RouteInfo } from '@/api/types';
import { clausesOf } from '@/lib/route';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import classes from './channels.module.css';

/** What a route does, in words. */
export function RouteWords({ route }: { route: RouteInfo }) {
  const { t } = useTranslation('channels');
  const clauses = clausesOf(route).map((clause) => t(`route.${clause.key}`, { ...clause }));
  return (
    <>
      <p className={classes.route}>
        {route.when ? (
          <code>
            <SafeText text={route.when} />
          </code>
        ) : (
          t('route.everything')
        )}{' '}
        <span className={classes.dim}>{t('route.to')}</span>{' '}
        <b>
          <bdi>{safeString(route.channels.join(', ')) || '…'}</bdi>
        </b>
      </p>
      {clauses.length > 0 && (
        <ul className={classes.clauses}>
          {clauses.map((clause) => (
            <li key={clause}>
              <SafeText text={clause} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
