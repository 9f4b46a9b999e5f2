import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '@/app/settings';
import { serverNow } from '@/lib/clock';
import { type SilenceTime, TIMES, untilOf } from '@/lib/silence';
import { formatMinute, zoneName } from '@/lib/time';
import classes from './silence-form.module.css';

interface Props {
  time: SilenceTime | 'until';
  setTime(time: SilenceTime | 'until'): void;
  at: string;
  setAt(at: string): void;
  isWrong: boolean;
}

/** For how long, or until a moment. */
export function SilenceTimes({ time, setTime, at, setAt, isWrong }: Props) {
  const { t } = useTranslation('silences');
  const { zone } = useSettings();
  const id = useId();
  const now = serverNow();
  const choose = (one: SilenceTime | 'until') => {
    if (one === 'until' && at === '') {
      const from = untilOf(time === 'until' ? '1d' : time, now);
      setAt(formatMinute(from, zone).slice(0, 16));
    }
    setTime(one);
  };
  return (
    <fieldset className={classes.times}>
      <legend>{t('time')}</legend>
      <div className={classes.choices}>
        {([...TIMES, 'until'] as const).map((one) => (
          <label key={one}>
            <input
              type="radio"
              name={`${id}-time`}
              checked={time === one}
              onChange={() => choose(one)}
            />
            {t(`time.${one}`)}
          </label>
        ))}
      </div>
      <p className={classes.until}>
        {time === 'until' ? (
          <>
            <input
              className={classes.at}
              aria-label={t('time.moment')}
              aria-invalid={isWrong}
              aria-describedby={`${id}-wrong`}
              value={at}
              onChange={(event) => setAt(event.target.value)}
            />{' '}
            {zoneName(now, zone)}{' '}
            <span id={`${id}-wrong`} className={classes.wrong}>
              {isWrong && t('time.wrong')}
            </span>
          </>
        ) : (
          <span className={classes.hint}>
            {t('until')} {formatMinute(untilOf(time, now), zone).slice(0, 16)} {zoneName(now, zone)}
          </span>
        )}
      </p>
    </fieldset>
  );
}
