import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '@/app/settings';
import { serverNow } from '@/lib/clock';
import { DAYS_MAX, type Typed } from '@/lib/report';
import { zoneName } from '@/lib/time';
import classes from './make-form.module.css';

interface Own {
  from: string;
  to: string;
}

interface Props {
  own: Own;
  setOwn(own: Own): void;
  typed: Typed;
}

/** From when until when, and what is wrong with it as it is typed. */
export function OwnTime({ own, setOwn, typed }: Props) {
  const { t } = useTranslation('reports');
  const { zone } = useSettings();
  const id = useId();
  const wrong = 'wrong' in typed ? typed : undefined;
  return (
    <div className={classes.own}>
      {(['from', 'to'] as const).map((end) => (
        <label key={end}>
          {t(end)}
          <input
            value={own[end]}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={wrong?.wrong === end}
            aria-describedby={`${id}-said`}
            onChange={(event) => setOwn({ ...own, [end]: event.target.value })}
          />
        </label>
      ))}
      <span className={classes.zone}>{zoneName(serverNow(), zone)}</span>
      <p id={`${id}-said`} className={wrong ? classes.wrong : classes.hint}>
        {wrong ? t(`own.${wrong.why}`, { days: DAYS_MAX }) : t('own.hint')}
      </p>
    </div>
  );
}
