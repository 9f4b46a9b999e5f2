import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '@/lib/format';
import { Button } from '@/parts/button';
import { Command } from '@/parts/states';
import classes from './host.module.css';
import type { Asking } from './use-asking';

interface Props {
  asking: Asking;
  host: string;
  isSilent: boolean;
}

/** That somebody is waited for, for how long already, and what if they do not come. */
export function Waiting({ asking, host, isSilent }: Props) {
  const { t } = useTranslation('host');
  const { asked, since, late, stop } = asking;
  return (
    <>
      <p role="status" className={classes.status}>
        {since !== undefined && t(asked ? 'waiting' : 'asking', { host })}{' '}
        {since !== undefined && asked && !asked.listening && t('away', { host })}{' '}
        {since !== undefined && !asked && isSilent && t('away.before', { host })}
        {late !== undefined && t('late', { host, n: formatCount(late) })}
      </p>
      {since !== undefined && (
        <p className={classes.buttons}>
          <Seconds since={since} />
          <Button onClick={stop}>{t('stop')}</Button>
        </p>
      )}
      {late !== undefined && asked && (
        <Command text={`watchpost search 'watchpost.command.id:${asked.id}' --from -1d`} />
      )}
    </>
  );
}

function Seconds({ since }: { since: number }) {
  const { t } = useTranslation('host');
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return <span aria-hidden="true">{t('seconds', { n: formatCount(seconds) })}</span>;
}
