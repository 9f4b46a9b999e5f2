import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { channelsQuery } from '@/api/channels';
import type { AlertMessage } from '@/api/types';
import { formatCount } from '@/lib/format';
import { iso } from '@/lib/range';
import { reactUntil } from '@/lib/route';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Time } from '@/parts/time';
import classes from './detail.module.css';
import { Part } from './part';
import { Preview } from './preview';

/** Their moment is when they came into the queue, and not when they were settled. */
const WAITING = ['waiting', 'held', 'later'];

/** Who was told, who will be, and who could not be. */
export function Messages({ id, messages }: { id: number; messages: AlertMessage[] }) {
  const { t } = useTranslation('alerts');
  return (
    <Part title={t('messages.title')}>
      {messages.length === 0 && <p className={classes.dim}>{t('messages.none')}</p>}
      <ul className={classes.messages}>
        {messages.map((message) => (
          <Message
            key={`${message.channel} ${message.created} ${message.state}`}
            message={message}
          />
        ))}
      </ul>
      <Preview alert={id} />
    </Part>
  );
}

function Message({ message }: { message: AlertMessage }) {
  const { t } = useTranslation('alerts');
  const { state, count, error } = message;
  const { data } = useQuery({ ...channelsQuery, enabled: state === 'later' });
  const until = state === 'later' ? reactUntil(message, data?.routes ?? []) : undefined;
  return (
    <li data-state={state}>
      <p>
        <span className={classes.messageState}>
          <bdi>{t(`messages.${state}`, { channel: safeString(message.channel) })}</bdi>
        </span>{' '}
        {until ? (
          <>
            {t('messages.until')} <Time at={iso(until)} />
          </>
        ) : (
          <>
            {WAITING.includes(state) && `${t('messages.since')} `}
            <Time at={message.finished ?? message.created} />
          </>
        )}
        {count > 1 && (
          <span className={classes.dim}>
            , {t('count.title', { count }).replace(String(count), formatCount(count))}
          </span>
        )}
        {message.attempts > 0 && (
          <span className={classes.dim}>
            , {t('messages.attempts', { count: message.attempts })}
          </span>
        )}
      </p>
      {error && (
        <p className={classes.error}>
          <SafeText text={error} />
        </p>
      )}
    </li>
  );
}
