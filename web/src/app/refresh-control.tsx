import { Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { formatDuration } from '@/lib/format';
import { Button, IconButton } from '@/parts/button';
import { Icon } from '@/parts/icon';
import { REFRESH_SECONDS, type TimeParams } from './address';
import classes from './frame.module.css';
import { refreshNow } from './refresh';
import { useTimeParams } from './time-params';

type Change = (change: Partial<TimeParams>) => void;

export function useChangeParams(): Change {
  const navigate = useNavigate();
  return (change) =>
    void navigate({ to: '.', search: (old: object) => ({ ...old, ...change }) } as never);
}

function useTimer(seconds: number | undefined) {
  useEffect(() => {
    if (!seconds) return;
    // A window nobody looks at asks nothing of the server.
    const timer = setInterval(() => document.hidden || refreshNow(), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
}

export function RefreshControl() {
  const { t } = useTranslation('frame');
  const { refresh, live } = useTimeParams();
  const change = useChangeParams();
  useTimer(live ? undefined : refresh);
  const every = refresh ? formatDuration(refresh * 1000) : undefined;
  return (
    <div className={classes.group}>
      <IconButton icon="refresh" label={t('refresh')} onClick={refreshNow} disabled={live} />
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            look="quiet"
            className={classes.every}
            disabled={live}
            aria-label={every ? t('refresh.every', { every }) : t('refresh.auto')}
            title={t('refresh.auto')}
          >
            {every ?? <Icon name="chevron" />}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('refresh.auto')}</Menu.Label>
          <Menu.RadioGroup
            value={String(refresh ?? 0)}
            onChange={(value) => change({ refresh: (Number(value) || undefined) as never })}
          >
            <Menu.RadioItem value="0">{t('refresh.off')}</Menu.RadioItem>
            {REFRESH_SECONDS.map((seconds) => (
              <Menu.RadioItem key={seconds} value={String(seconds)}>
                {t('refresh.every', { every: formatDuration(seconds * 1000) })}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

export function LiveButton() {
  const { t } = useTranslation('frame');
  const { live } = useTimeParams();
  const change = useChangeParams();
  return (
    <Button
      className={live ? classes.liveOn : classes.liveOff}
      aria-pressed={live ?? false}
      title={t(live ? 'live.stop' : 'live.start')}
      onClick={() => change({ live: live ? undefined : true, refresh: undefined })}
    >
      {t('live')}
    </Button>
  );
}
