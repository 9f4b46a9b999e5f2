import { Link, Outlet, useMatches, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AccountMenu } from './account-menu';
import classes from './frame.module.css';
import { useFrameCommands } from './frame-commands';
import { usePageTitle } from './page-title';
import { RangePicker } from './range-picker';
import { LiveButton, RefreshControl } from './refresh-control';
import { LanguageMenu, ThemeMenu } from './view-menus';

// Dialogs come when they are asked for: most visits never open one.
const Palette = lazy(() => import('./palette').then((part) => ({ default: part.Palette })));
const PasswordDialog = lazy(() =>
  import('@/pages/login/password-dialog').then((part) => ({ default: part.PasswordDialog })),
);

const PAGES = ['overview', 'search', 'alerts', 'rules', 'reports', 'delivery', 'audit'] as const;

function Rail() {
  const { t } = useTranslation(['frame', 'common']);
  const within = useMatches({ select: (matches) => matches.at(-1)?.staticData?.within });
  return (
    <nav className={classes.rail} aria-label={t('navigation')}>
      <span className={classes.product}>{t('common:product')}</span>
      <ul className={classes.links}>
        {PAGES.map((page) => (
          <li key={page}>
            <Link
              to={`/${page}`}
              className={classes.link}
              data-within={page === within || undefined}
              activeOptions={{ includeSearch: false }}
            >
              {t(page)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface BarProps {
  openPalette(): void;
  changePassword(): void;
}

function Bar({ openPalette, changePassword }: BarProps) {
  const { t } = useTranslation('frame');
  const page = useMatches({ select: (matches) => matches.at(-1)?.staticData });
  const title = page?.title ? t(page.title) : '';
  usePageTitle(title);
  return (
    <header className={classes.bar}>
      <h1 className={classes.title}>{title}</h1>
      {page?.time && <RangePicker />}
      {page?.refresh && <RefreshControl />}
      {page?.live && <LiveButton />}
      <span className={classes.divider} />
      <button
        type="button"
        className={`${classes.palette} ${classes.paletteButton}`}
        onClick={openPalette}
        title={t('palette.open')}
      >
        <span className="sr">{t('palette')} </span>
        <kbd className={classes.keys}>Ctrl K</kbd>
      </button>
      <ThemeMenu />
      <LanguageMenu />
      <AccountMenu changePassword={changePassword} />
    </header>
  );
}

/** Ctrl-K (or ⌘K) anywhere opens the palette, also from within a text field. */
function usePaletteKey(open: () => void) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.code !== 'KeyK' || !(event.ctrlKey || event.metaKey)) return;
      if (event.shiftKey || event.altKey) return;
      event.preventDefault();
      open();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [open]);
}

/** A new page begins at its top, for eyes and for screen readers. */
function useFocusOnPage(main: React.RefObject<HTMLElement | null>) {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (path && last.current && last.current !== path) main.current?.focus();
    if (path) last.current = path;
  }, [path, main]);
}

/** What stands around every page: rail, bar, palette. */
export function Frame() {
  const { t } = useTranslation('frame');
  const main = useRef<HTMLElement>(null);
  const [palette, setPalette] = useState(false);
  const [password, setPassword] = useState(false);
  const [openPalette] = useState(() => () => setPalette(true));
  const [changePassword] = useState(() => () => setPassword(true));
  usePaletteKey(openPalette);
  useFocusOnPage(main);
  useFrameCommands(changePassword);
  return (
    <div className={classes.frame}>
      <button type="button" className={classes.skip} onClick={() => main.current?.focus()}>
        {t('skip')}
      </button>
      <Rail />
      <Bar openPalette={openPalette} changePassword={changePassword} />
      <main id="main" className={classes.main} ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense>
        {palette && <Palette opened close={() => setPalette(false)} />}
        {password && <PasswordDialog opened close={() => setPassword(false)} />}
      </Suspense>
    </div>
  );
}
