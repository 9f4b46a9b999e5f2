import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { channelsQuery } from '@/api/channels';
import type { ChannelInfo, Channels as ChannelList } from '@/api/types';
import type { ChannelsParams } from '@/app/router';
import { kindOf } from '@/lib/channel-form';
import { AlertTabs } from '@/parts/alert-tabs';
import { Button } from '@/parts/button';
import { Skeleton } from '@/parts/skeleton';
import { Command, Empty, Failure } from '@/parts/states';
import { Toml } from '@/parts/toml';
import { useKeys } from '@/parts/use-keys';
import { Channel } from './channel';
import classes from './channels.module.css';
import { Dead } from './dead';
import { Routes } from './routes';

const ChannelPanel = lazy(() =>
  import('./channel-panel').then((part) => ({ default: part.ChannelPanel })),
);

const EVERY_MS = 10_000;

const EXAMPLE = `[[channel]]
name = "ops"
kind = "telegram"
token = "@/etc/watchpost/telegram.token"
chat = "-100123"
`;

/** Where messages go, what waits or failed there, and who is told of what. */
export function ChannelsPage() {
  const { channel, make, edit, refresh } = useSearch({ from: '/inside/channels' });
  const navigate = useNavigate();
  const every = refresh ? false : EVERY_MS;
  const query = useQuery({ ...channelsQuery, refetchInterval: every });
  const { data, error } = query;
  const show = (next: ChannelsParams, replace = false) =>
    void navigate({
      to: '/channels',
      search: (old: ChannelsParams) => ({ ...old, ...next }),
      replace,
    });
  const choose = (next: string | undefined) => show({ channel: next }, true);
  const isForm = make !== undefined || edit !== undefined;
  const toMake = () => show({ make: '1' });
  const close = () => show({ make: undefined, edit: undefined });
  // What is written in a form is not lost by one key.
  const isChoice = isForm && edit === undefined && !kindOf(make);
  const leave = () => isChoice && close();
  useKeys({ n: () => isForm || toMake(), Escape: leave });
  return (
    <div className={classes.page} aria-busy={!data}>
      <AlertTabs />
      {error && <Failure error={error} retry={() => void query.refetch()} />}
      {isForm && data && (
        <Suspense>
          <ChannelPanel make={make} edit={edit} channels={data.channels} close={close} />
        </Suspense>
      )}
      {!isForm && !(error && !data) && (
        <All
          data={data}
          channel={channel}
          choose={choose}
          every={every}
          make={toMake}
          edit={(name) => show({ edit: name })}
        />
      )}
    </div>
  );
}

interface AllProps {
  data: ChannelList | undefined;
  channel: string | undefined;
  choose(channel: string | undefined): void;
  every: number | false;
  make(): void;
  edit(name: string): void;
}

function All({ data, channel, choose, every, make, edit }: AllProps) {
  const showDead = (name: string) => {
    choose(name);
    document.getElementById('dead')?.scrollIntoView({ block: 'start' });
  };
  const isEmpty = data?.channels.length === 0;
  return (
    <>
      <Toolbar make={make} />
      {isEmpty && <NoChannels make={make} />}
      {!isEmpty && <Channels channels={data?.channels} showDead={showDead} edit={edit} />}
      {data && !isEmpty && (
        <>
          <Dead channels={data.channels} channel={channel} choose={choose} every={every} />
          <Routes data={data} />
        </>
      )}
    </>
  );
}

function Toolbar({ make }: { make(): void }) {
  const { t } = useTranslation('channels');
  return (
    <div className={classes.toolbar}>
      <p className={classes.keys}>
        <kbd>n</kbd> {t('keys.new')}
      </p>
      <Button look="primary" title={`${t('new')} (n)`} onClick={make}>
        {t('new')}
      </Button>
    </div>
  );
}

interface Props {
  channels: ChannelInfo[] | undefined;
  showDead(name: string): void;
  edit(name: string): void;
}

function Channels({ channels, showDead, edit }: Props) {
  const { t } = useTranslation('channels');
  return (
    <ul className={classes.list} aria-label={t('list')}>
      {channels
        ? channels.map((one) => (
            <Channel
              key={one.name}
              channel={one}
              showDead={() => showDead(one.name)}
              edit={() => edit(one.name)}
            />
          ))
        : ['30%', '24%'].map((width) => (
            <li key={width} className={classes.place}>
              <Skeleton width={width} />
            </li>
          ))}
    </ul>
  );
}

function NoChannels({ make }: { make(): void }) {
  const { t } = useTranslation('channels');
  return (
    <Empty
      title={t('empty.title')}
      actions={
        <Button look="primary" onClick={make}>
          {t('new')}
        </Button>
      }
    >
      <p>{t('empty.text')}</p>
      <Toml text={EXAMPLE} />
      <p className={classes.then}>{t('empty.test')}</p>
      <Command text="watchpost alerts test" />
    </Empty>
  );
}
