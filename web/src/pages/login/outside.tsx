import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { usePageTitle } from '@/app/page-title';
import { LanguageMenu, ThemeMenu } from '@/app/view-menus';
import classes from './login.module.css';

/** The page around a form for people who are not in yet. */
export function Outside({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  usePageTitle(title);
  return (
    <main className={classes.page}>
      <div className={classes.menus}>
        <ThemeMenu />
        <LanguageMenu />
      </div>
      <div className={classes.panel}>
        <p className={classes.product}>{t('product')}</p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
