import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { setSettings, useSettings } from '@/app/settings';
import type { Span } from '@/lib/range';
import { Button, IconButton } from '@/parts/button';
import { Copy } from '@/parts/copy';
import { ColumnPicker } from './column-picker';
import { ExportLinks } from './exports';
import classes from './toolbar.module.css';
import type { View } from './use-view';

interface Props {
  view: View;
  span: Span;
  link(): string;
  showKeys(): void;
  children: ReactNode;
}

/** What is known of the rows at the left, how they are shown at the right. */
export function Toolbar({ view, span, link, showKeys, children }: Props) {
  const { t } = useTranslation('search');
  const { wrap, dense, facets, histogram } = useSettings();
  return (
    <div className={classes.toolbar}>
      {!facets && (
        <IconButton
          icon="right"
          small
          label={t('facets.show')}
          onClick={() => setSettings({ facets: true })}
        />
      )}
      <div className={classes.status}>{children}</div>
      <Button
        small
        look="quiet"
        className={classes.spare}
        onClick={() => setSettings({ histogram: !histogram })}
      >
        {t(histogram ? 'histogram.hide' : 'histogram.show')}
      </Button>
      <Button small look="quiet" aria-pressed={wrap} onClick={() => setSettings({ wrap: !wrap })}>
        {t('toolbar.wrap')}
      </Button>
      <Button
        small
        look="quiet"
        className={classes.spare}
        aria-pressed={dense}
        onClick={() => setSettings({ dense: !dense })}
      >
        {t('toolbar.dense')}
      </Button>
      {!view.live && <ExportLinks q={view.q} span={span} className={classes.spare} />}
      <ColumnPicker view={view} span={span} />
      <span title={t('toolbar.share.hint')}>
        <Copy text={link} label={t('toolbar.share')} />
      </span>
      <Button
        small
        look="quiet"
        onClick={showKeys}
        title={t('toolbar.keys')}
        aria-label={t('toolbar.keys')}
      >
        ?
      </Button>
    </div>
  );
}
