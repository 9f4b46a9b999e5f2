import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { createRule, removeRule, saveRule } from '@/api/rules';
import type { RuleView } from '@/api/types';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import { Editor } from './editor';
import { History } from './history';
import classes from './rule.module.css';
import { Samples } from './samples';
import { REASON_MAX } from './switch';
import { Versions } from './versions';

/** A saved text is among the rules in use by then. */
const IN_USE_MS = 2500;

interface Props {
  /** The rule that is changed; without it a new one is made. */
  rule?: RuleView;
  text: string;
}

/** A text, what is tried with it, and the way to keep it. */
export function Work({ rule, text: first }: Props) {
  const [text, setText] = useState(first);
  const [base, setBase] = useState(first);
  useEffect(() => {
    // Saved here or elsewhere: what was not touched follows.
    setText((now) => (now === base ? first : now));
    setBase(first);
  }, [first, base]);
  const isOwn = rule === undefined || rule.origin === 'own';
  const [note, setNote] = useState('');
  const save = useSave(rule, () => {
    setNote('');
    setBase(text);
  });
  const isReady = text.trim() !== '' && (rule === undefined || text !== base) && !save.isPending;
  const keep = () => {
    if (isOwn && isReady) save.mutate({ text, note });
  };
  return (
    <>
      <div className={classes.work}>
        <Editor text={text} ruleKey={rule?.key} fixed={!isOwn} change={setText} save={keep} />
        {isOwn ? (
          <Keep note={note} setNote={setNote} keep={keep} isReady={isReady} rule={rule} />
        ) : (
          rule && <Copy rule={rule} />
        )}
        {save.error && <Failure error={save.error} />}
      </div>
      <Samples text={text} />
      <History text={text} />
      {rule?.versions && <Versions versions={rule.versions} take={setText} />}
    </>
  );
}

function useSave(rule: RuleView | undefined, done: () => void) {
  const { t } = useTranslation('rule');
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: ({ text, note }: { text: string; note: string }) => {
      if (!rule) return createRule(text, note.trim());
      return saveRule(rule.key, { text, note: note.trim(), version: rule.version ?? 0 });
    },
    onSuccess: async (now) => {
      done();
      announce(t('saved', { version: now.version ?? 1 }));
      client.setQueryData(['rules', 'one', now.key], now);
      if (!rule) await navigate({ to: '/rule', search: { key: now.key }, replace: true });
      setTimeout(() => void client.invalidateQueries({ queryKey: ['rules'] }), IN_USE_MS);
    },
  });
}

interface KeepProps {
  rule?: RuleView;
  note: string;
  setNote(note: string): void;
  keep(): void;
  isReady: boolean;
}

function Keep({ rule, note, setNote, keep, isReady }: KeepProps) {
  const { t } = useTranslation('rule');
  const id = useId();
  return (
    <form
      className={classes.actions}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      <label htmlFor={id}>{t('note')}</label>
      <input
        id={id}
        maxLength={REASON_MAX}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <Button type="submit" look="primary" disabled={!isReady} title={`${t('save')} (Ctrl S)`}>
        {t('save')}
      </Button>
      {rule && <Remove rule={rule} />}
    </form>
  );
}

/** Removes it, once one has said so twice. */
function Remove({ rule }: { rule: RuleView }) {
  const { t } = useTranslation('rule');
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => removeRule(rule.key, rule.version ?? 0),
    onSuccess: async () => {
      announce(t('removed'));
      await navigate({ to: '/rules' });
      client.removeQueries({ queryKey: ['rules', 'one', rule.key] });
      await client.invalidateQueries({ queryKey: ['rules', 'list'] });
    },
  });
  if (!asked) return <Button onClick={() => setAsked(true)}>{t('remove')}</Button>;
  return (
    <>
      <span>{t('remove.ask')}</span>
      <Button autoFocus disabled={remove.isPending} onClick={() => remove.mutate()}>
        {t('remove.yes')}
      </Button>
      <Button look="quiet" onClick={() => setAsked(false)}>
        {t('leave')}
      </Button>
      {remove.error && <Failure error={remove.error} />}
    </>
  );
}

function Copy({ rule }: { rule: RuleView }) {
  const { t } = useTranslation('rule');
  const navigate = useNavigate();
  return (
    <div className={classes.actions}>
      <span className={classes.hint}>{t('fixed')}</span>
      <Button
        disabled={rule.text === undefined}
        onClick={() => void navigate({ to: '/rule', search: { copy: rule.key } })}
      >
        {t('copy')}
      </Button>
    </div>
  );
}
