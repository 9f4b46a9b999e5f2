import { useTranslation } from 'react-i18next';
import type { AlertMessage } from '@/api/types';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './detail.module.css';
import { Part } from './part';

/** Who was told, who will be, and who could not be. */
export function Messages({ messages }: { messages: AlertMessage[] }) {
  const { t } = useTranslation('alerts');
  return (
    <Part title={t('messages.title')}>
      {messages.length === 0 && <p className={classes.dim}>{t('messages.none')}</p>}
      <ul className={classes.messages}>
        {messages.map((message) => (
          <li key={`${message.channel} ${message.created}`} data-state={message.state}>
            <p>
              <span className={classes.messageState}>
                {t(`messages.${message.state}`, { channel: safeString(message.channel) })}
              </span>{' '}
              {message.state === 'waiting' && `${t('messages.since')} `}
              <Time at={message.finished ?? message.created} />
              {message.attempts > 0 && (
                <span className={classes.dim}>
                  , {t('messages.attempts', { count: message.attempts })}
                </span>
              )}
            </p>
            {message.error && (
              <p className={classes.error}>
                <SafeText text={message.error} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}
