import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { channelsQuery } from '@/api/channels';
import { isApiError } from '@/api/client';
import type { Channels } from '@/api/types';
import { keyAmong, mistakeOf } from '@/lib/mistake';
import {
  draftOf,
  infoOf,
  newRoute,
  type RouteDraft,
  settingsOfDraft,
  wrongIn,
} from '@/lib/route-form';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import classes from './channel-form.module.css';
import { Conflict } from './conflict';
import { ChannelChoice, Condition, Group } from './route-choices';
import { RouteTerms } from './route-terms';
import { RouteWords } from './route-words';
import { useRoutes } from './use-routes';

interface Props {
  data: Channels;
  /** Of the made routes; undefined: a new one, at their end. */
  at: number | undefined;
  close(): void;
}

const KEYS = ['when', 'channels', 'hours', 'after', 'within', 'digest', 'rate', 'escalate'];

/** What is wrong with the route of this form; mistakes in other routes are told as a whole. */
function useWrong(error: unknown, place: number) {
  const mistake = mistakeOf(error);
  const isMine = mistake && (mistake.place === undefined || mistake.place === place);
  const key = isMine ? keyAmong(mistake, KEYS) : undefined;
  return (one: string) => (key === one ? mistake?.message : undefined);
}

/** A route is made or changed. It begins with the routes there were then: what others save meanwhile is not lost. */
export function RoutePanel({ data, at, close }: Props) {
  const { t } = useTranslation(['channels', 'common']);
  const client = useQueryClient();
  const [begun] = useState({ routes: data.made_routes, version: data.routes_version });
  const names = data.channels.filter(({ kind }) => kind).map(({ name }) => name);
  const was = at === undefined ? undefined : begun.routes[at];
  const [draft, setDraft] = useState<RouteDraft>(() => (was ? draftOf(was) : newRoute(names)));
  const set = (change: Partial<RouteDraft>) => setDraft({ ...draft, ...change });
  const id = useId();
  const save = useRoutes();
  const place = at ?? begun.routes.length;
  const wrong = useWrong(save.error, place);
  const route = settingsOfDraft(draft);
  const isReady = draft.channels.length > 0 && wrongIn(draft) === undefined;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!isReady || save.isPending) return;
    const routes = [...begun.routes];
    routes[place] = route;
    save.mutate({ routes, version: begun.version }, { onSuccess: close });
  };
  const isOld = isApiError(save.error, 'changed');
  const load = () => {
    void client.invalidateQueries({ queryKey: channelsQuery.queryKey });
    close();
  };
  const isTold = KEYS.some((key) => wrong(key) !== undefined);
  const n = place + 1;
  return (
    <form className={classes.route} onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        {at === undefined ? t('route.title.new') : t('route.title.edit', { n })}
      </h3>
      <Condition id={id} draft={draft} set={set} wrong={wrong('when')} />
      <ChannelChoice
        names={names}
        chosen={draft.channels}
        choose={(channels) => set({ channels })}
        legend={t('route.channels')}
        wrong={wrong('channels')}
      />
      <Group id={id} group={draft.group} set={(group) => set({ group })} />
      <RouteTerms id={id} draft={draft} set={set} wrong={wrong} names={names} />
      <h4>{t('route.said')}</h4>
      <div className={classes.said}>
        <RouteWords route={infoOf(route)} />
      </div>
      {isOld && <Conflict load={load} />}
      {save.error && !isOld && !isTold && <Failure error={save.error} />}
      <div className={classes.buttons}>
        <Button type="submit" look="primary" disabled={!isReady || save.isPending}>
          {t('form.save')}
        </Button>
        <Button look="quiet" onClick={close}>
          {t('common:cancel')}
        </Button>
      </div>
    </form>
  );
}
