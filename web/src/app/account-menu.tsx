import { Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { useLogOut, useSession } from './account';

export function AccountMenu({ changePassword }: { changePassword(): void }) {
  const { t } = useTranslation('frame');
  const session = useSession();
  const leave = useLogOut();
  const user = session?.user ?? '';
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button look="quiet" aria-label={t('user.menu', { user })}>
          <SafeText text={user} />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('user.version', { version: session?.version ?? '' })}</Menu.Label>
        <Menu.Item onClick={changePassword}>{t('user.password')}</Menu.Item>
        <Menu.Item onClick={leave}>{t('user.logout')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
