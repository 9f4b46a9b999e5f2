import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MadeRoutes, RouteSettings } from '@/api/types';
import { infoOf, swapped } from '@/lib/route-form';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import classes from './channels.module.css';
import { RouteWords } from './route-words';
import type { useRoutes } from './use-routes';

interface Props {
  route: RouteSettings;
  at: number;
  routes: MadeRoutes;
  save: ReturnType<typeof useRoutes>;
  /** No form is open: places do not change below one. */
  isAlone: boolean;
  edit(): void;
}

/** A route that is made here: to change, to move and to remove. */
export function MadeRoute({ route, at, routes, save, isAlone, edit }: Props) {
  const { t } = useTranslation('channels');
  const [asked, setAsked] = useState(false);
  const n = at + 1;
  const all = routes.routes.length;
  const move = (step: 1 | -1) => {
    const id = buttonId(at + step, isEnd(at + step, step, all) ? (-step as 1 | -1) : step);
    save.mutate(
      { routes: swapped(routes.routes, at, step), version: routes.version },
      {
        onSuccess: () => {
          announce(t('route.moved', { n: n + step, all }));
          // The button is another one now; who moves on by keyboard finds it under the fingers.
          requestAnimationFrame(() => document.getElementById(id)?.focus());
        },
      },
    );
  };
  const remove = () =>
    save.mutate({
      routes: routes.routes.filter((_, other) => other !== at),
      version: routes.version,
    });
  return (
    <div className={classes.one}>
      <div className={classes.words}>
        <RouteWords route={infoOf(route)} />
      </div>
      {asked ? (
        <div className={classes.remove}>
          <Button
            autoFocus
            aria-label={t('route.remove.label', { n })}
            disabled={save.isPending}
            onClick={remove}
          >
            {t('remove.yes')}
          </Button>
          <Button look="quiet" onClick={() => setAsked(false)}>
            {t('remove.no')}
          </Button>
        </div>
      ) : (
        <div className={classes.buttons}>
          {([-1, 1] as const).map((step) => (
            <Button
              key={step}
              id={buttonId(at, step)}
              aria-label={t(step < 0 ? 'route.up' : 'route.down', { n })}
              title={t(step < 0 ? 'route.up' : 'route.down', { n })}
              disabled={!isAlone || save.isPending || isEnd(at, step, all)}
              onClick={() => move(step)}
            >
              {step < 0 ? '↑' : '↓'}
            </Button>
          ))}
          <Button disabled={!isAlone} aria-label={t('route.edit.label', { n })} onClick={edit}>
            {t('route.edit')}
          </Button>
          <Button
            disabled={!isAlone}
            aria-label={t('route.remove.label', { n })}
            onClick={() => setAsked(true)}
          >
            {t('remove')}
          </Button>
        </div>
      )}
    </div>
  );
}

const buttonId = (at: number, step: 1 | -1) => `route-${at}-${step < 0 ? 'up' : 'down'}`;

const isEnd = (at: number, step: 1 | -1, all: number) => (step < 0 ? at === 0 : at === all - 1);
