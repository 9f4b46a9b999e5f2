import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Channels, RouteInfo } from '@/api/types';
import { routeToml } from '@/lib/route';
import { configuredOf, infoOf, keysOf, ownOf } from '@/lib/route-form';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import { Toml } from '@/parts/toml';
import classes from './channels.module.css';
import { MadeRoute } from './made-route';
import { RouteWords } from './route-words';
import { useRoutes } from './use-routes';

const RoutePanel = lazy(() =>
  import('./route-panel').then((part) => ({ default: part.RoutePanel })),
);

/** Who is told of what, in words: what stands in the configuration, and what is made and changed here. */
export function Routes({ data }: { data: Channels }) {
  const { t } = useTranslation('channels');
  const { routes, made_routes: made, routes_version: version, default_routes: isUsual } = data;
  const save = useRoutes();
  const [form, setForm] = useState<number | 'new'>();
  const close = () => setForm(undefined);
  const text = isUsual ? 'routes.usual' : routes.length > 0 ? 'routes.text' : 'routes.none';
  const fixed = configuredOf(routes, made);
  const keys = keysOf(made.map((route) => routeToml(infoOf(route))));
  const fixedKeys = keysOf(fixed.map(routeToml));
  return (
    <section className={classes.part}>
      <header>
        <h2>{t('routes')}</h2>
        <div className={classes.buttons}>
          {isUsual && (
            <Button
              title={t('route.own.hint')}
              disabled={save.isPending}
              onClick={() => save.mutate({ routes: routes.map(ownOf), version })}
            >
              {t('route.own')}
            </Button>
          )}
          <Button aria-expanded={form === 'new'} onClick={() => setForm('new')}>
            {t('route.new')}
          </Button>
        </div>
      </header>
      <p className={classes.dim}>{t(text)}</p>
      {save.error && <Failure error={save.error} />}
      {form === 'new' && (
        <Suspense>
          <RoutePanel data={data} at={undefined} close={close} />
        </Suspense>
      )}
      <ol className={classes.routes} aria-label={t('routes')}>
        {fixed.map((route, at) => (
          <li key={fixedKeys[at]}>
            <Fixed route={route} isUsual={isUsual} />
          </li>
        ))}
        {made.map((route, at) => (
          <li key={keys[at]}>
            {form === at ? (
              <Suspense>
                <RoutePanel data={data} at={at} close={close} />
              </Suspense>
            ) : (
              <MadeRoute
                route={route}
                at={at}
                routes={{ routes: made, version }}
                save={save}
                isAlone={form === undefined}
                edit={() => setForm(at)}
              />
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A route that is not changed here. */
function Fixed({ route, isUsual }: { route: RouteInfo; isUsual: boolean }) {
  const { t } = useTranslation('channels');
  return (
    <>
      <div className={classes.one}>
        <div className={classes.words}>
          <RouteWords route={route} />
        </div>
        {isUsual ? (
          <span className={classes.dim}>{t('route.usual')}</span>
        ) : (
          <span className={classes.dim} title={t('route.configured.hint')}>
            {t('route.configured')}
          </span>
        )}
      </div>
      <details>
        <summary>{t('route.toml')}</summary>
        <Toml text={routeToml(route)} />
      </details>
    </>
  );
}
