import { useTranslation } from 'react-i18next';
import type { MadeChannel } from '@/api/types';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { Warning } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './channel-form.module.css';

interface Props {
  /** What somebody else has saved; routes do not say who. */
  made?: MadeChannel;
  load(): void;
}

/** Somebody else has saved meanwhile: who and when, and the way to go on from there. */
export function Conflict({ made, load }: Props) {
  const { t } = useTranslation('channels');
  return (
    <Warning>
      <p>
        {made ? (
          <>
            <bdi>{t('conflict.channel', { who: safeString(made.changed_by) })}</bdi>{' '}
            <Time at={made.changed} />
          </>
        ) : (
          t('conflict.routes')
        )}
      </p>
      <p>{t('conflict.text')}</p>
      <div className={classes.buttons}>
        <Button onClick={load}>{t('conflict.load')}</Button>
      </div>
    </Warning>
  );
}
