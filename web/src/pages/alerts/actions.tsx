import { useTranslation } from 'react-i18next';
import type { AlertInfo } from '@/api/types';
import { type ChangeKind, isPossible, KINDS } from '@/lib/alert-change';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import classes from './actions.module.css';
import { ChangeForm } from './change-form';
import type { Acting } from './use-acting';

const LETTERS: Record<ChangeKind, string> = {
  acknowledge: 'a',
  close: 'c',
  reopen: 'r',
  assign: 'g',
  comment: 'm',
};

interface Props {
  alerts: AlertInfo[];
  acting: Acting;
  /** For what is selected, or for the alert that is open. */
  where: 'many' | number;
  /** The form that stands there when nobody asked for one. */
  usual?: ChangeKind;
  done?: () => void;
}

/** What can be done about these alerts, and the form of what was chosen. */
export function Actions({ alerts, acting, where, usual, done }: Props) {
  const { t } = useTranslation('alerts');
  const { changes, ask } = acting;
  const asked = acting.asked?.where === where ? acting.asked : undefined;
  const ids = alerts.map(({ id }) => id);
  const mine = changes.variables?.ids.join() === ids.join();
  // Until the server has agreed the form stays, with what was written in it.
  const pending = mine && changes.isPending ? changes.variables?.kind : undefined;
  const kind = asked?.kind ?? usual ?? pending;
  return (
    <div className={classes.actions}>
      <div className={classes.bar}>
        {KINDS.filter((one) => isPossible(one, alerts)).map((one) => (
          <Button
            key={one}
            aria-pressed={one === kind}
            title={`${t(`act.${one}`)} (${LETTERS[one]})`}
            onClick={() => ask(one === asked?.kind ? undefined : one)}
          >
            {t(`act.${one}`)}
          </Button>
        ))}
        <Button title={`${t('act.silence')} (z)`} onClick={acting.silence}>
          {t('act.silence')}
        </Button>
      </div>
      {kind && (kind === pending || isPossible(kind, alerts)) && (
        <ChangeForm
          key={kind}
          kind={kind}
          ids={ids}
          asked={asked?.time ?? 0}
          changes={changes}
          leave={() => ask(undefined)}
          done={() => {
            ask(undefined);
            done?.();
          }}
        />
      )}
      {mine && changes.error && <Failure error={changes.error} />}
    </div>
  );
}
