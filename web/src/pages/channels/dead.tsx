import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { deadQuery, resend } from '@/api/channels';
import type { ChannelInfo, MessageInfo } from '@/api/types';
import { formatCount } from '@/lib/format';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import { Ago } from '@/parts/time';
import classes from './channels.module.css';

interface Props {
  channels: readonly ChannelInfo[];
  channel: string | undefined;
  choose(channel: string | undefined): void;
  every: number | false;
}

/** What was given up, why, and the way to send it again. */
export function Dead({ channels, channel, choose, every }: Props) {
  const { t } = useTranslation('channels');
  const query = useQuery({
    ...deadQuery(channel),
    refetchInterval: every,
    placeholderData: (old) => old,
  });
  const messages = query.data?.messages;
  return (
    <section className={classes.part} id="dead">
      <header>
        <h2>{t('dead')}</h2>
        <select
          aria-label={t('dead.channel')}
          value={channel ?? ''}
          onChange={(event) => choose(event.target.value || undefined)}
        >
          <option value="">{t('dead.any')}</option>
          {channels.map(({ name }) => (
            <option key={name} value={name}>
              {safeString(name)}
            </option>
          ))}
        </select>
      </header>
      <p className={classes.dim}>{t('dead.text')}</p>
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {messages && <Messages messages={messages} />}
    </section>
  );
}

function useResend(clear: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: resend,
    onSuccess: clear,
    onSettled: () => client.invalidateQueries({ queryKey: ['channels'] }),
  });
}

function Messages({ messages }: { messages: MessageInfo[] }) {
  const { t } = useTranslation('channels');
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const again = useResend(() => setChosen(new Set()));
  const ids = messages.map(({ id }) => id).filter((id) => chosen.has(id));
  const all = ids.length > 0 && ids.length === messages.length;
  const waiting = again.data?.waiting;
  const toggle = (id: number) =>
    setChosen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <>
      {messages.length > 0 && (
        <div className={classes.resend}>
          <label>
            <input
              type="checkbox"
              checked={all}
              onChange={() => setChosen(new Set(all ? [] : messages.map(({ id }) => id)))}
            />
            {t('dead.all')}
          </label>
          <Button
            look="primary"
            disabled={ids.length === 0 || again.isPending}
            onClick={() => again.mutate(ids)}
          >
            {t('dead.resend')}
          </Button>
          <span className={classes.dim}>
            {ids.length > 0 &&
              t('dead.selected', { count: ids.length, n: formatCount(ids.length) })}
          </span>
        </div>
      )}
      {again.error && <Failure error={again.error} />}
      {waiting !== undefined && (
        <p className={classes.taken} role="status">
          {t('dead.done', { count: waiting, n: formatCount(waiting) })}
        </p>
      )}
      {messages.length === 0 ? (
        <p className={classes.none}>{t('dead.none')}</p>
      ) : (
        <ul className={classes.dead} aria-label={t('dead.list')}>
          {messages.map((message) => (
            <Message
              key={message.id}
              message={message}
              selected={chosen.has(message.id)}
              toggle={() => toggle(message.id)}
            />
          ))}
        </ul>
      )}
    </>
  );
}

interface MessageProps {
  message: MessageInfo;
  selected: boolean;
  toggle(): void;
}

function Message({ message, selected, toggle }: MessageProps) {
  const { t } = useTranslation('channels');
  const { id, alert, attempts } = message;
  return (
    <li>
      <label className={classes.check}>
        <input
          type="checkbox"
          checked={selected}
          aria-label={t('dead.select', { id })}
          onChange={toggle}
        />
      </label>
      <div>
        <p className={classes.counts}>
          <b>
            <SafeText text={message.channel} />
          </b>
          <Link to="/alerts/$id" params={{ id: String(alert) }} search={{}}>
            {t('dead.alert', { id: alert })}
          </Link>
          <Ago at={message.finished ?? message.created} />
          {attempts > 0 && (
            <span>{t('dead.attempts', { count: attempts, n: formatCount(attempts) })}</span>
          )}
        </p>
        <p className={classes.error}>
          <SafeText text={message.error ?? t('dead.reason.none')} />
        </p>
        <p className={classes.text}>
          <SafeText text={message.text} keepLines />
        </p>
      </div>
    </li>
  );
}
