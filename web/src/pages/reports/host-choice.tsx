import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './make-form.module.css';

interface Props {
  /** Undefined: everything. */
  host: string | undefined;
  setHost(host: string | undefined): void;
  names: readonly string[];
}

/** About everything, or one host: those that are known are offered. */
export function HostChoice({ host, setHost, names }: Props) {
  const { t } = useTranslation('reports');
  const id = useId();
  return (
    <fieldset>
      <legend>{t('about')}</legend>
      <div className={classes.choices}>
        {([false, true] as const).map((one) => (
          <label key={String(one)}>
            <input
              type="radio"
              name={`${id}-about`}
              checked={(host !== undefined) === one}
              onChange={() => setHost(one ? (names[0] ?? '') : undefined)}
            />
            {t(one ? 'about.host' : 'about.all')}
          </label>
        ))}
        {host !== undefined && (
          <>
            <input
              className={classes.host}
              aria-label={t('host')}
              placeholder="web-1"
              list={`${id}-hosts`}
              maxLength={255}
              spellCheck={false}
              autoComplete="off"
              value={host}
              onChange={(event) => setHost(event.target.value)}
            />
            <datalist id={`${id}-hosts`}>
              {names.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </>
        )}
      </div>
    </fieldset>
  );
}
