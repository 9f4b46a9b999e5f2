import '@/parts/input.css';
import { PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import { keepOneTimePassword, logIn, sessionQuery } from '@/api/session';
import { safeTarget } from '@/lib/target';
import { Button } from '@/parts/button';
import { useFailureText } from '@/parts/states';
import classes from './login.module.css';
import { Outside } from './outside';

function useLoginError(error: unknown): string {
  const { t } = useTranslation('login');
  const other = useFailureText(error);
  if (!error) return '';
  if (isApiError(error, 'bad_login')) return t('bad');
  if (isApiError(error, 'too_many_attempts')) {
    const wait = error.retryAfterSeconds;
    return wait ? t('wait', { count: wait }) : t('wait.unknown');
  }
  return other;
}

export function LoginPage() {
  const { t } = useTranslation('login');
  const { to, ended } = useSearch({ from: '/login' });
  const router = useRouter();
  const client = useQueryClient();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const enter = useMutation({
    mutationFn: () => logIn(user.trim(), password),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      keepOneTimePassword(session.must_change_password ? password : '');
      if (session.must_change_password) void router.navigate({ to: '/password', search: { to } });
      else void router.navigate({ href: safeTarget(to) });
    },
    onError: () => {
      setPassword('');
      field.current?.focus();
    },
  });
  const error = useLoginError(enter.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (user.trim() && password) enter.mutate();
  };
  return (
    <Outside title={t('title')}>
      {ended && !error && <p className={classes.note}>{t('ended')}</p>}
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={t('user')}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          autoFocus
          size="sm"
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
        />
        <PasswordInput
          ref={field}
          label={t('password')}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="sm"
          visibilityToggleButtonProps={{ 'aria-label': t('show') }}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <p className={classes.error} role="alert">
          {error}
        </p>
        <Button type="submit" look="primary" className={classes.submit} disabled={enter.isPending}>
          {t('submit')}
        </Button>
      </form>
      <p className={classes.foot}>
        {t('forgot')}
        <br />
        <code>watchpost user reset {user.trim() || 'admin'}</code>
      </p>
    </Outside>
  );
}
