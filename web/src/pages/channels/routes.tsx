import { useTranslation } from 'react-i18next';
import type { RouteInfo } from '@/api/types';
import { clausesOf, routeToml } from '@/lib/route';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Toml } from '@/parts/toml';
import classes from './channels.module.css';

/** Who is told of what, in words; they are changed in the configuration. */
export function Routes({ routes }: { routes: readonly RouteInfo[] }) {
  const { t } = useTranslation('channels');
  return (
    <section className={classes.part}>
      <header>
        <h2>{t('routes')}</h2>
      </header>
      <p className={classes.dim}>{t(routes.length > 0 ? 'routes.text' : 'routes.none')}</p>
      <ol className={classes.routes} aria-label={t('routes')}>
        {routes.map((route) => (
          <li key={routeToml(route)}>
            <Route route={route} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Route({ route }: { route: RouteInfo }) {
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
          <bdi>{safeString(route.channels.join(', '))}</bdi>
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
      <details>
        <summary>{t('route.toml')}</summary>
        <Toml text={routeToml(route)} />
      </details>
    </>
  );
}
