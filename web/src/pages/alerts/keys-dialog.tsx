import { Modal } from '@mantine/core';
import '@/parts/modal.css';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './keys-dialog.module.css';

const KEYS = [
  [['j', '↓'], 'keys.down'],
  [['k', '↑'], 'keys.up'],
  [['Enter', 'o'], 'keys.open'],
  [['x'], 'keys.select'],
  [['a'], 'keys.ack'],
  [['c'], 'keys.close'],
  [['r'], 'keys.reopen'],
  [['i'], 'keys.take'],
  [['g'], 'keys.assign'],
  [['m'], 'keys.comment'],
  [['z'], 'keys.silence'],
  [['1', '…', '5'], 'keys.reason'],
  [['Esc'], 'keys.leave'],
  [['?'], 'keys.help'],
] as const;

export function KeysDialog({ opened, close }: { opened: boolean; close(): void }) {
  const { t } = useTranslation(['alerts', 'common']);
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
            <dt>{keys.map((key) => (key === '…' ? key : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{t(what)}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
