import '@/parts/input.css';
import { PasswordInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import { changePassword, keepOneTimePassword, oneTimePassword, sessionQuery } from '@/api/session';
import { Button } from '@/parts/button';
import { useFailureText } from '@/parts/states';
import classes from './login.module.css';

const SHORTEST = 10;

interface Entries {
  current: string;
  next: string;
  again: string;
}

type Mistake = { field: keyof Entries; text: 'short' | 'same' | 'differ' | 'wrong' };

/** What the browser can tell without asking; the server has the last word. */
function mistakeOf({ current, next, again }: Entries): Mistake | undefined {
  if ([...next].length < SHORTEST) return { field: 'next', text: 'short' };
  if (next === current) return { field: 'next', text: 'same' };
  if (next !== again) return { field: 'again', text: 'differ' };
  return undefined;
}

interface Props {
  /** The current password is the one-time one. */
  once?: boolean;
  user: string;
  done(): void;
}

export function PasswordForm({ once, user, done }: Props) {
  const { t } = useTranslation('login');
  const client = useQueryClient();
  const known = once ? oneTimePassword() : '';
  const [entries, setEntries] = useState<Entries>({ current: known, next: '', again: '' });
  const [mistake, setMistake] = useState<Mistake>();
  const change = useMutation({
    mutationFn: () => changePassword(entries.current, entries.next),
    onSuccess: (session) => {
      keepOneTimePassword('');
      client.setQueryData(sessionQuery.queryKey, session);
      done();
    },
    onError: (error) => {
      if (isApiError(error, 'wrong_password')) setMistake({ field: 'current', text: 'wrong' });
    },
  });
  const failure = useFailureText(change.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = mistakeOf(entries);
    setMistake(found);
    if (!found) change.mutate();
  };
  const field = (name: keyof Entries) => ({
    value: entries[name],
    required: true,
    withAsterisk: false,
    size: 'sm',
    error: mistake?.field === name ? t(`change.${mistake.text}`) : undefined,
    visibilityToggleButtonProps: { 'aria-label': t('show') },
    onChange: (event: { currentTarget: HTMLInputElement }) =>
      setEntries({ ...entries, [name]: event.currentTarget.value }),
  });
  const elsewhere = change.error && !isApiError(change.error, 'wrong_password') ? failure : '';
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      {/* Password managers file the new password under this name. */}
      <input type="text" name="username" autoComplete="username" value={user} readOnly hidden />
      {(!known || mistake?.field === 'current') && (
        <PasswordInput
          {...field('current')}
          label={t(once ? 'change.current.once' : 'change.current')}
          autoComplete="current-password"
          data-autofocus
        />
      )}
      <PasswordInput
        {...field('next')}
        label={t('change.new')}
        description={t('change.rule')}
        autoComplete="new-password"
      />
      <PasswordInput {...field('again')} label={t('change.again')} autoComplete="new-password" />
      <p className={classes.error} role="alert">
        {elsewhere}
      </p>
      <Button type="submit" look="primary" className={classes.submit} disabled={change.isPending}>
        {t('change.submit')}
      </Button>
    </form>
  );
}
