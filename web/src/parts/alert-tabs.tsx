import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from './alert-tabs.module.css';

const PAGES = ['alerts', 'silences', 'channels'] as const;

/** The pages about telling people: what was found, what nobody is told, where it goes. */
export function AlertTabs() {
  const { t } = useTranslation('frame');
  return (
    <nav className={classes.tabs} aria-label={t('alerts.pages')}>
      {PAGES.map((page) => (
        <Link
          key={page}
          to={`/${page}`}
          className={classes.tab}
          activeOptions={{ includeSearch: false }}
        >
          {t(page)}
        </Link>
      ))}
    </nav>
  );
}
