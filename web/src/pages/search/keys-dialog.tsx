import { Modal } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './toolbar.module.css';

const KEYS = [
  [['/'], 'keys.focus'],
  [['Enter'], 'keys.run'],
  [['Shift', 'Enter'], 'keys.line'],
  [['Ctrl', 'Space'], 'keys.complete'],
  [['Esc'], 'keys.leave'],
  [['j', '↓'], 'keys.down'],
  [['k', '↑'], 'keys.up'],
  [['PgDn', 'PgUp'], 'keys.page'],
  [['Home', 'End'], 'keys.ends'],
  [['Enter', 'o'], 'keys.open'],
  [['c'], 'keys.context'],
  [['w'], 'keys.wrap'],
  [['+', '-'], 'keys.zoom'],
  [['l'], 'keys.live'],
  [['Ctrl', 'K'], 'keys.palette'],
  [['?'], 'keys.help'],
] as const;

export function KeysDialog({ opened, close }: { opened: boolean; close(): void }) {
  const { t } = useTranslation(['search', 'common']);
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('keys.title')}
      size={460}
      yOffset="10vh"
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <dl className={classes.keys}>
        {KEYS.map(([keys, what]) => (
          <Fragment key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
