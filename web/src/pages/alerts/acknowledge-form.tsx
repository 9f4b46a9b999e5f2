import { type RefObject, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import classes from './acknowledge-form.module.css';
import type { Acknowledge } from './use-acknowledge';

/** The server takes no longer ones (4,096 bytes; a character may have four). */
const NOTE_MAX = 1000;

interface Props {
  ids: number[];
  mutation: Acknowledge;
  label: string;
  /** Takes the focus when `a` is pressed. */
  field: RefObject<HTMLInputElement | null>;
  done?: () => void;
}

/** A note and one button; Enter in the note does the same. */
export function AcknowledgeForm({ ids, mutation, label, field, done }: Props) {
  const { t } = useTranslation('alerts');
  const hint = useId();
  const [note, setNote] = useState('');
  const mine = mutation.variables?.ids.join() === ids.join();
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    mutation.mutate(
      { ids, note: note.trim() || undefined },
      {
        onSuccess: () => {
          setNote('');
          done?.();
        },
      },
    );
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <div className={classes.line}>
        <input
          ref={field}
          className={classes.note}
          value={note}
          maxLength={NOTE_MAX}
          aria-label={t('ack.note')}
          aria-describedby={hint}
          placeholder={t('ack.note.hint')}
          onChange={(event) => setNote(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
        <Button type="submit" look="primary" disabled={mutation.isPending || ids.length === 0}>
          {label}
        </Button>
      </div>
      <p id={hint} className={classes.final}>
        {t('ack.final')}
      </p>
      {mine && mutation.error && <Failure error={mutation.error} />}
    </form>
  );
}
