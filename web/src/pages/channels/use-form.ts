import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeChannel, createChannel, trySettings } from '@/api/channels';
import { isApiError } from '@/api/client';
import type { MadeChannel, Settings } from '@/api/types';
import { useSettings } from '@/app/settings';
import {
  formOf,
  isComplete,
  type Kind,
  newValues,
  settingsOf,
  type Values,
  valuesOf,
} from '@/lib/channel-form';
import { keyAmong, mistakeOf } from '@/lib/mistake';
import { zoneId } from '@/lib/report';
import { safeString } from '@/lib/safe-text';
import { announce } from '@/parts/announce';

const NOTHING: ReadonlySet<string> = new Set();

/** What is written about a channel, and what becomes of it. `made` is the channel as it was when writing began. */
export function useForm(kind: Kind, made: MadeChannel | undefined, saved: () => void) {
  const { t, i18n } = useTranslation('channels');
  const { zone } = useSettings();
  const client = useQueryClient();
  const [values, setValues] = useState<Values>(() =>
    made ? valuesOf(kind, made.settings) : newValues(i18n.language, zoneId(zone)),
  );
  const [removed, setRemoved] = useState(NOTHING);
  const settings = settingsOf(kind, values, removed);
  const name = made ? String(made.settings.name ?? '') : (values.name ?? '').trim();
  const attempt = useMutation({
    mutationFn: (now: Settings) => trySettings(now, made && name),
  });
  const save = useMutation({
    mutationFn: (now: Settings) =>
      made ? changeChannel(name, now, made.version) : createChannel(now),
    onSuccess: () => {
      announce(t('form.saved', { channel: safeString(name) }));
      saved();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['channels'] }),
  });
  const error = save.error ?? attempt.error;
  const { first, more } = formOf(kind);
  const keys = [...first.map(({ key }) => key), ...more.map(({ key }) => key), 'template'];
  const mistake = mistakeOf(error);
  const isTaken = isApiError(error, 'exists');
  const wrongKey = isTaken ? 'name' : keyAmong(mistake, keys);
  const change = (key: string, value: string) => {
    setValues((old) => ({ ...old, [key]: value }));
    // What was wrong with it is wrong no longer, or will be said again.
    if (key === wrongKey) {
      save.reset();
      attempt.reset();
    }
  };
  const remove = (key: string, isGone: boolean) => {
    const next = new Set(removed);
    if (isGone) next.add(key);
    else next.delete(key);
    setRemoved(next);
    if (isGone) change(key, '');
  };
  return {
    values,
    removed,
    change,
    remove,
    settings,
    name,
    attempt,
    save,
    isReady: isComplete(kind, values, made, removed),
    wrong:
      wrongKey === undefined
        ? undefined
        : { key: wrongKey, text: isTaken ? t('form.exists') : (mistake?.message ?? '') },
    /** Of the whole, where no field is to blame. */
    error: wrongKey === undefined ? error : undefined,
  };
}

export type Form = ReturnType<typeof useForm>;
