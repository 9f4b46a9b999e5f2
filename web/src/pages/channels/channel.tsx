import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { testChannel } from '@/api/channels';
import type { ChannelInfo } from '@/api/types';
import { channelState } from '@/lib/channel';
import { formatCount } from '@/lib/format';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import { Ago } from '@/parts/time';
import classes from './channels.module.css';
import { Remove } from './remove';
import { Tried } from './tried';

/** Besides what waits, in the order of what a person wants to know. */
const COUNTS = ['sent', 'held', 'later', 'told', 'silenced', 'dropped'] as const;

interface Props {
  channel: ChannelInfo;
  showDead(): void;
  edit(): void;
}

/** A channel: whether it works, what waits there, and the ways to try, change and remove it. */
export function Channel({ channel, showDead, edit }: Props) {
  const { t } = useTranslation('channels');
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => testChannel(channel.name),
    onSettled: () => client.invalidateQueries({ queryKey: ['channels', 'list'] }),
  });
  const state = channelState(channel);
  const { kind, made } = channel;
  const name = safeString(channel.name);
  return (
    <li className={classes.channel} data-state={state}>
      <header>
        <h2>
          <SafeText text={channel.name} />
        </h2>
        <span className={classes.kind}>{kind ? <SafeText text={kind} /> : t('kind.gone')}</span>
        <span className={classes.state}>{t(`state.${state}`)}</span>
        <div className={classes.buttons}>
          {kind && state !== 'unusable' && (
            <Button
              disabled={test.isPending}
              title={t('test.label', { channel: name })}
              onClick={() => test.mutate()}
            >
              {t(test.isPending ? 'test.running' : 'test')}
              <span className="sr"> {name}</span>
            </Button>
          )}
          {made && (
            <>
              <Button aria-label={t('edit.label', { channel: name })} onClick={edit}>
                {t('edit')}
              </Button>
              <Remove name={channel.name} version={made.version} />
            </>
          )}
        </div>
      </header>
      {made?.problem && (
        <p className={classes.error}>
          <SafeText text={made.problem} />
        </p>
      )}
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

/** Who made it what it is. */
function Maker({ made, kind }: ChannelInfo) {
  const { t } = useTranslation('channels');
  if (!kind && !made) return null;
  if (!made) return <span title={t('configured.hint')}>{t('configured')}</span>;
  return (
    <span>
      <bdi>{t('made.by', { who: safeString(made.changed_by) })}</bdi> <Ago at={made.changed} />
    </span>
  );
}

function Counts({ channel, showDead }: Omit<Props, 'edit'>) {
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
      <Maker {...channel} />
    </p>
  );
}
