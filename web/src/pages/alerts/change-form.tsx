import { type KeyboardEvent, type RefObject, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/account';
import { type Change, type ChangeKind, REASONS, type Reason } from '@/lib/alert-change';
import { Button } from '@/parts/button';
import classes from './actions.module.css';
import type { Changes } from './use-changes';

/** The server takes no longer ones (4,096 bytes; a character may have four). */
const NOTE_MAX = 1000;
const NAME_MAX = 100;

interface Props {
  kind: ChangeKind;
  ids: number[];
  /** Which time the form was asked for; 0: nobody asked, and the focus stays where it is. */
  asked: number;
  changes: Changes;
  leave(): void;
  done(): void;
}

function changeOf(kind: ChangeKind, ids: number[], text: string, reason: Reason): Change {
  const note = text || undefined;
  if (kind === 'close') return { kind, ids, reason, note };
  if (kind === 'assign') return { kind, ids, to: text };
  if (kind === 'comment') return { kind, ids, text };
  return { kind, ids, note };
}

/** What one says, and one button; Enter does the same. */
export function ChangeForm({ kind, ids, asked, changes, leave, done }: Props) {
  const { t } = useTranslation('alerts');
  const hint = useId();
  const first = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [reason, setReason] = useState<Reason>('resolved');
  useEffect(() => {
    if (asked > 0) first.current?.focus();
  }, [asked]);
  const isNote = kind !== 'assign' && kind !== 'comment';
  const label = isNote ? t('ack.note') : t(`field.${kind}`);
  // The failure stands beside the form already.
  const send = (said: string) =>
    void changes
      .mutateAsync(changeOf(kind, ids, said.trim(), reason))
      .then(done)
      .catch(() => undefined);
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        (event.target as HTMLElement).blur();
        leave();
      }}
    >
      {kind === 'close' && <Reasons reason={reason} choose={setReason} field={first} />}
      <div className={classes.line}>
        <input
          ref={kind === 'close' ? undefined : first}
          className={classes.note}
          value={text}
          maxLength={kind === 'assign' ? NAME_MAX : NOTE_MAX}
          required={!isNote}
          aria-label={label}
          aria-describedby={hint}
          placeholder={isNote ? t('ack.note.hint') : label}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" look="primary" disabled={changes.isPending || ids.length === 0}>
          {t(`submit.${kind}`)}
        </Button>
        {kind === 'assign' && <Nearby send={send} disabled={changes.isPending} />}
      </div>
      <p id={hint} className={classes.hint}>
        {t(kind === 'close' ? `reason.${reason}.text` : `hint.${kind}`)}
      </p>
    </form>
  );
}

interface ReasonsProps {
  reason: Reason;
  choose(reason: Reason): void;
  field: RefObject<HTMLInputElement | null>;
}

/** One of five, also by its number. */
function Reasons({ reason, choose, field }: ReasonsProps) {
  const { t } = useTranslation('alerts');
  const name = useId();
  const press = (event: KeyboardEvent) => {
    const one = REASONS[Number(event.key) - 1];
    if (!one || event.ctrlKey || event.metaKey || event.altKey) return;
    choose(one);
    // The focus goes along, so that Tab leads on to the note.
    event.currentTarget.querySelectorAll('input')[REASONS.indexOf(one)]?.focus();
  };
  return (
    <fieldset className={classes.reasons} aria-label={t('reason.label')} onKeyDown={press}>
      {REASONS.map((one, index) => (
        <label key={one} title={`${t(`reason.${one}.text`)} (${index + 1})`}>
          <input
            type="radio"
            ref={index === 0 ? field : undefined}
            name={name}
            checked={one === reason}
            onChange={() => choose(one)}
          />
          {t(`reason.${one}`)}
        </label>
      ))}
    </fieldset>
  );
}

/** To whom alerts go most. */
function Nearby({ send, disabled }: { send(to: string): void; disabled: boolean }) {
  const { t } = useTranslation('alerts');
  const user = useSession()?.user;
  return (
    <>
      {user && (
        <Button disabled={disabled} title={`${t('assign.me')} (i)`} onClick={() => send(user)}>
          {t('assign.me')}
        </Button>
      )}
      <Button disabled={disabled} onClick={() => send('')}>
        {t('assign.nobody')}
      </Button>
    </>
  );
}
