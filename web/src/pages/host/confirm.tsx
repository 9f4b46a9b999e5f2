import { useTranslation } from 'react-i18next';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import classes from './host.module.css';

interface Props {
  path: string;
  host: string;
  service: string;
  services: readonly string[];
  choose(service: string): void;
  give(): void;
  keep(): void;
}

/** Where the file goes, before it does. */
export function Confirm({ path, host, service, services, choose, give, keep }: Props) {
  const { t } = useTranslation('host');
  return (
    <fieldset
      className={classes.confirm}
      onKeyDown={(event) => event.key === 'Escape' && keep()}
      aria-label={t('upload')}
    >
      <p>
        <bdi>{t('upload.ask', { path: safeString(path), host, service })}</bdi>
      </p>
      {services.length > 1 && (
        <label>
          {t('service')}{' '}
          <select value={service} onChange={(event) => choose(event.target.value)}>
            {services.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      <div className={classes.buttons}>
        <Button onClick={give}>{t('upload.yes')}</Button>
        <Button look="quiet" autoFocus onClick={keep}>
          {t('upload.no')}
        </Button>
      </div>
    </fieldset>
  );
}
