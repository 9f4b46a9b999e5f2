import { Menu, useMantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { LANGUAGES, type Language, setLanguage } from '@/i18n';
import { zoneName } from '@/lib/time';
import { Button, IconButton } from '@/parts/button';
import { setSettings, useSettings } from './settings';

export function ThemeMenu() {
  const { t } = useTranslation('frame');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <IconButton icon="theme" label={t('theme')} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(scheme) => setColorScheme(scheme as 'auto' | 'light' | 'dark')}
        >
          {(['auto', 'light', 'dark'] as const).map((scheme) => (
            <Menu.RadioItem key={scheme} value={scheme}>
              {t(`theme.${scheme}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

/** How things are written: the language, and the zone of times. */
export function LanguageMenu() {
  const { t, i18n } = useTranslation('frame');
  const { zone } = useSettings();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          look="quiet"
          aria-label={`${i18n.language.toUpperCase()}: ${t('language')}, ${t('zone')}`}
          title={t('language')}
        >
          {i18n.language.toUpperCase()}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('language')}</Menu.Label>
        <Menu.RadioGroup
          value={i18n.language}
          onChange={(language) => void setLanguage(language as Language)}
        >
          {Object.entries(LANGUAGES).map(([language, name]) => (
            <Menu.RadioItem key={language} value={language} lang={language}>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Label>{t('zone')}</Menu.Label>
        <Menu.RadioGroup
          value={zone}
          onChange={(value) => setSettings({ zone: value === 'utc' ? 'utc' : 'local' })}
        >
          <Menu.RadioItem value="local">
            {t('zone.local', { zone: zoneName(Date.now(), 'local') })}
          </Menu.RadioItem>
          <Menu.RadioItem value="utc">{t('zone.utc')}</Menu.RadioItem>
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
