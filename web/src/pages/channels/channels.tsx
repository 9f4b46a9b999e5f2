import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { channelsQuery } from '@/api/channels';
import type { ChannelInfo } from '@/api/types';
import type { ChannelsParams } from '@/app/router';
import { AlertTabs } from '@/parts/alert-tabs';
import { Skeleton } from '@/parts/skeleton';
import { Command, Empty, Failure } from '@/parts/states';
import { Toml } from '@/parts/toml';
import { Channel } from './channel';
import classes from './channels.module.css';
import { Dead } from './dead';
import { Routes } from './routes';

const EVERY_MS = 10_000;

const EXAMPLE = `[[channel]]
name = "ops"
kind = "telegram"
token = "@/etc/watchpost/telegram.token"
chat = "-100123"
`;

/** Where messages go, what waits or failed there, and who is told of what. */
export function ChannelsPage() {
  const { channel, refresh } = useSearch({ from: '/inside/channels' });
  const navigate = useNavigate();
  const every = refresh ? false : EVERY_MS;
  const query = useQuery({ ...channelsQuery, refetchInterval: every });
  const { data, error } = query;
  const choose = (next: string | undefined) =>
    void navigate({
      to: '/channels',
      search: (old: ChannelsParams) => ({ ...old, channel: next }),
      replace: true,
    });
  const showDead = (name: string) => {
    choose(name);
    document.getElementById('dead')?.scrollIntoView({ block: 'start' });
  };
  const isEmpty = data?.channels.length === 0;
  return (
    <div className={classes.page} aria-busy={!data}>
      <AlertTabs />
      {error && <Failure error={error} retry={() => void query.refetch()} />}
      {isEmpty && <NoChannels />}
      {!isEmpty && !(error && !data) && <Channels channels={data?.channels} showDead={showDead} />}
      {data && !isEmpty && (
        <>
          <Dead channels={data.channels} channel={channel} choose={choose} every={every} />
          <Routes routes={data.routes} />
        </>
      )}
    </div>
  );
}

interface Props {
  channels: ChannelInfo[] | undefined;
  showDead(name: string): void;
}

function Channels({ channels, showDead }: Props) {
  const { t } = useTranslation('channels');
  return (
    <ul className={classes.list} aria-label={t('list')}>
      {channels
        ? channels.map((one) => (
            <Channel key={one.name} channel={one} showDead={() => showDead(one.name)} />
          ))
        : ['30%', '24%'].map((width) => (
            <li key={width} className={classes.place}>
              <Skeleton width={width} />
            </li>
          ))}
    </ul>
  );
}

function NoChannels() {
  const { t } = useTranslation('channels');
  return (
    <Empty title={t('empty.title')}>
      <p>{t('empty.text')}</p>
      <Toml text={EXAMPLE} />
      <p className={classes.then}>{t('empty.test')}</p>
      <Command text="watchpost alerts test" />
    </Empty>
  );
}
