import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { testChannel } from '@/api/channels';
import type { ChannelInfo, ChannelTried } from '@/api/types';
import { channelState } from '@/lib/channel';
import { formatCount } from '@/lib/format';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import { Ago } from '@/parts/time';
import classes from './channels.module.css';

/** Besides what waits, in the order of what a person wants to know. */
const COUNTS = ['sent', 'held', 'later', 'told', 'silenced', 'dropped'] as const;

interface Props {
  channel: ChannelInfo;
  showDead(): void;
}

/** A channel: whether it works, what waits there, and a button to try it. */
export function Channel({ channel, showDead }: Props) {
  const { t } = useTranslation('channels');
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => testChannel(channel.name),
    onSettled: () => client.invalidateQueries({ queryKey: ['channels', 'list'] }),
  });
  const state = channelState(channel);
  return (
    <li className={classes.channel} data-state={state}>
      <header>
        <h2>
          <SafeText text={channel.name} />
        </h2>
        <span className={classes.kind}>
          {channel.kind ? <SafeText text={channel.kind} /> : t('kind.gone')}
        </span>
        <span className={classes.state}>{t(`state.${state}`)}</span>
        {channel.kind && (
          <Button
            disabled={test.isPending}
            title={t('test.label', { channel: safeString(channel.name) })}
            onClick={() => test.mutate()}
          >
            {t(test.isPending ? 'test.running' : 'test')}
            <span className="sr"> {safeString(channel.name)}</span>
          </Button>
        )}
      </header>
      <Counts channel={channel} showDead={showDead} />
      {channel.error && (
        <p className={classes.error}>
          <SafeText text={channel.error} />
        </p>
      )}
      {state === 'gone' && <p className={classes.dim}>{t('gone.text')}</p>}
      {test.error && <Failure error={test.error} />}
      {test.data && <Tried tried={test.data.tried} />}
    </li>
  );
}

function Counts({ channel, showDead }: Props) {
  const { t } = useTranslation('channels');
  const { messages, waiting_since: since } = channel;
  const { waiting = 0, dead = 0 } = messages;
  return (
    <p className={classes.counts}>
      <span data-waiting={waiting > 0 || undefined}>
        {waiting > 0
          ? t('waiting', { count: waiting, n: formatCount(waiting) })
          : t('waiting.none')}
        {since && (
          <>
            {' ('}
            <Ago at={since} />)
          </>
        )}
      </span>
      {COUNTS.map((name) => {
        const count = messages[name] ?? 0;
        if (count === 0) return null;
        return (
          <span key={name} title={name === 'sent' ? undefined : t(`count.${name}.title`)}>
            {t(`count.${name}`, { n: formatCount(count) })}
          </span>
        );
      })}
      {dead > 0 && (
        <Button small title={t('count.dead.title')} onClick={showDead}>
          {t('count.dead', { n: formatCount(dead) })}
        </Button>
      )}
    </p>
  );
}

/** What became of a test message, for everybody it went to. */
function Tried({ tried }: { tried: ChannelTried[] }) {
  const { t } = useTranslation('channels');
  const [only, ...others] = tried;
  if (only && others.length === 0 && !only.error) {
    return (
      <p className={classes.taken} role="status">
        {t('test.taken')}
      </p>
    );
  }
  return (
    <div role="status">
      <ul className={classes.tried}>
        {tried.length === 0 && <li>{t('test.nothing')}</li>}
        {tried.map((one) => (
          <li key={one.channel} data-refused={one.error ? true : undefined}>
            {t(one.error ? 'test.refused' : 'test.taken.by')} <SafeText text={one.channel} />
            {one.error && (
              <p className={classes.error}>
                <SafeText text={one.error} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
