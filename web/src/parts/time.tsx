import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '@/app/settings';
import { serverNow } from '@/lib/clock';
import { formatMinute, formatMoment, formatSecond } from '@/lib/time';

interface Props {
  /** RFC 3339 */
  at: string;
  precision?: 'minute' | 'second' | 'milli';
}

const FORMATS = { minute: formatMinute, second: formatSecond, milli: formatMoment };

/** A moment in the zone of the settings; the title has the other one and all nanoseconds. */
export function Time({ at, precision = 'second' }: Props) {
  const { zone } = useSettings();
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span>{at.slice(0, 40)}</span>;
  const other = zone === 'utc' ? `${formatMoment(ms, 'local')}\n${at}` : at;
  return (
    <time dateTime={at} title={other}>
      {FORMATS[precision](ms, zone)}
    </time>
  );
}

const STEPS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** "3 minutes ago", kept up to date; the title has the moment itself. */
export function Ago({ at }: { at: string }) {
  const { t } = useTranslation();
  const { zone } = useSettings();
  const [now, setNow] = useState(serverNow);
  const ms = Date.parse(at);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 15_000);
    return () => clearInterval(timer);
  }, []);
  const back = Math.max(now - ms, 0);
  const step = STEPS.find(([, size]) => back >= size);
  return (
    <time dateTime={at} title={formatMoment(ms, zone)}>
      {step && back >= 5000
        ? t(`ago.${step[0]}`, { count: Math.floor(back / step[1]) })
        : t('ago.now')}
    </time>
  );
}
