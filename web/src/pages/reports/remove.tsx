import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { removeReport } from '@/api/reports';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import classes from './viewer.module.css';

/** Removes a report, once one has said so twice: it is not made again by itself. */
export function Remove({ id, removed }: { id: number; removed(): void }) {
  const { t } = useTranslation('reports');
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => removeReport(id),
    onSuccess: () => {
      announce(t('removed', { id }));
      removed();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['reports', 'list'] }),
  });
  return (
    <div className={classes.remove}>
      {asked ? (
        <>
          <span>{t('remove.ask')}</span>
          <Button autoFocus disabled={remove.isPending} onClick={() => remove.mutate()}>
            {t('remove.yes')}
          </Button>
          <Button look="quiet" onClick={() => setAsked(false)}>
            {t('remove.no')}
          </Button>
        </>
      ) : (
        <Button aria-label={t('remove.label', { id })} onClick={() => setAsked(true)}>
          {t('remove')}
        </Button>
      )}
      {remove.error && <Failure error={remove.error} />}
    </div>
  );
}
