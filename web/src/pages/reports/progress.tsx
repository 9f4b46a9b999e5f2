import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '@/lib/format';
import { Button } from '@/parts/button';
import classes from './make-form.module.css';

/** That a report is made and for how long already; how far it is nobody knows. */
export function Progress({ since, cancel }: { since: number; cancel(): void }) {
  const { t } = useTranslation(['reports', 'common']);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return (
    <div className={classes.progress}>
      <span role="status">{t('making')}</span>
      <span aria-hidden="true">{t('making.for', { seconds: formatCount(seconds) })}</span>
      <Button onClick={cancel}>{t('common:cancel')}</Button>
      <div className={classes.line} />
    </div>
  );
}
