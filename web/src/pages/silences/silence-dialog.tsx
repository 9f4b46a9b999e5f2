import { Modal } from '@mantine/core';
import '@/parts/modal.css';
import { useTranslation } from 'react-i18next';
import type { AlertInfo } from '@/api/types';
import { SilenceForm } from './silence-form';

interface Props {
  /** What the silence begins with: what these have in common. */
  alerts: AlertInfo[];
  close(): void;
}

export function SilenceDialog({ alerts, close }: Props) {
  const { t } = useTranslation(['silences', 'common']);
  return (
    <Modal
      opened
      onClose={close}
      title={t('title')}
      size={600}
      yOffset="6vh"
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <SilenceForm alerts={alerts} close={close} />
    </Modal>
  );
}
