import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { removeChannel } from '@/api/channels';
import { isApiError } from '@/api/client';
import { safeString } from '@/lib/safe-text';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import classes from './channels.module.css';

/** How many routes name a channel that cannot go because of them. */
function usedBy(error: unknown): number | undefined {
  if (!isApiError(error, 'in_use')) return undefined;
  const { details } = error;
  const routes =
    details && typeof details === 'object' && !Array.isArray(details) && details.routes;
  return typeof routes === 'number' ? routes : undefined;
}

/** Removes a channel, once one has said so twice: what waits for it goes with it. */
export function Remove({ name, version }: { name: string; version: number }) {
  const { t } = useTranslation('channels');
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => removeChannel(name, version),
    onSuccess: () => announce(t('removed', { channel: safeString(name) })),
    onSettled: () => client.invalidateQueries({ queryKey: ['channels'] }),
  });
  const used = usedBy(remove.error);
  if (!asked) {
    return (
      <Button
        aria-label={t('remove.label', { channel: safeString(name) })}
        onClick={() => setAsked(true)}
      >
        {t('remove')}
      </Button>
    );
  }
  const keep = () => {
    remove.reset();
    setAsked(false);
  };
  return (
    <div className={classes.remove}>
      <span>{t('remove.ask')}</span>
      <Button autoFocus disabled={remove.isPending} onClick={() => remove.mutate()}>
        {t('remove.yes')}
      </Button>
      <Button look="quiet" onClick={keep}>
        {t('remove.no')}
      </Button>
      {used !== undefined && (
        <p className={classes.wrong} role="alert">
          {t('remove.used', { count: used })}
        </p>
      )}
      {used === undefined && remove.error && <Failure error={remove.error} />}
    </div>
  );
}
