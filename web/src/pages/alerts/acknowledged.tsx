import { useTranslation } from 'react-i18next';
import type { AlertInfo } from '@/api/types';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './detail.module.css';

/** Who has seen to it, when, and what they said. */
export function Acknowledged({ alert }: { alert: AlertInfo }) {
  const { t } = useTranslation('alerts');
  const who = alert.acknowledged_by ?? t('ack.nobody');
  return (
    <div className={classes.acknowledged}>
      <p>
        <SafeText text={t(alert.state === 'closed' ? 'ack.closed' : 'ack.by', { who })} />
        {alert.acknowledged && (
          <>
            {', '}
            <Time at={alert.acknowledged} />
          </>
        )}
      </p>
      {alert.note && (
        <blockquote>
          <SafeText text={alert.note} keepLines />
        </blockquote>
      )}
    </div>
  );
}
