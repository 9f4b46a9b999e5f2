import { Modal } from '@mantine/core';
import '@/parts/modal.css';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/account';
import { Button } from '@/parts/button';
import classes from './login.module.css';
import { PasswordForm } from './password-form';

interface Props {
  opened: boolean;
  close(): void;
}

export function PasswordDialog({ opened, close }: Props) {
  const { t } = useTranslation(['login', 'common']);
  const session = useSession();
  const [done, setDone] = useState(false);
  const leave = () => {
    close();
    setDone(false);
  };
  return (
    <Modal
      opened={opened}
      onClose={leave}
      title={t('change.title')}
      size={380}
      yOffset="12vh"
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      {done ? (
        <div className={classes.done}>
          <p role="status">{t('change.done')}</p>
          <Button onClick={leave}>{t('common:close')}</Button>
        </div>
      ) : (
        <>
          <p className={classes.note}>{t('change.others')}</p>
          <PasswordForm user={session?.user ?? ''} done={() => setDone(true)} />
        </>
      )}
    </Modal>
  );
}
