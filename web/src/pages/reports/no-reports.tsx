import { useTranslation } from 'react-i18next';
import { Button } from '@/parts/button';
import { Command, Empty } from '@/parts/states';
import { Toml } from '@/parts/toml';
import classes from './reports.module.css';

const EXAMPLE = `[[report]]
kind = "security"
schedule = "0 7 * * MON Europe/Moscow"
timezone = "Europe/Moscow"
to = ["mail"]
`;

/** How the first one is made: here, by command, or by itself. */
export function NoReports({ make }: { make?: () => void }) {
  const { t } = useTranslation('reports');
  return (
    <Empty title={t('empty')}>
      <p>{t('empty.text')}</p>
      {make && (
        <p className={classes.then}>
          <Button look="primary" title={`${t('new')} (n)`} onClick={make}>
            {t('new')}
          </Button>
        </p>
      )}
      <p className={classes.then}>{t('empty.command')}</p>
      <Command text="watchpost report make -o week.pdf" />
      <p className={classes.then}>{t('empty.schedule')}</p>
      <Toml text={EXAMPLE} />
    </Empty>
  );
}
