import { useMantineColorScheme } from '@mantine/core';
import { useMatches, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { LANGUAGES, type Language, setLanguage } from '@/i18n';
import { QUICK_RANGES } from '@/lib/range';
import { useLogOut } from './account';
import { type Command, useCommands } from './commands';
import { useRangeName } from './range-name';
import { refreshNow } from './refresh';
import { setSettings } from './settings';
import { useTimeRange } from './time-range';

/** What can be done everywhere. Pages add their own with `useCommands`. */
export function useFrameCommands(changePassword: () => void): void {
  useGoCommands();
  useRangeCommands();
  useViewCommands();
  const { t, i18n } = useTranslation('frame');
  const leave = useLogOut();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language changes what t answers
  const account = useMemo<Command[]>(() => {
    const group = t('palette.account');
    return [
      { id: 'password', group, label: t('user.password'), run: changePassword },
      { id: 'logout', group, label: t('user.logout'), run: leave },
    ];
  }, [t, i18n.language, changePassword, leave]);
  useCommands('z-account', account);
}

function useGoCommands(): void {
  const { t } = useTranslation('frame');
  const navigate = useNavigate();
  const commands = useMemo<Command[]>(
    () =>
      (
        [
          'overview',
          'search',
          'alerts',
          'silences',
          'channels',
          'rules',
          'reports',
          'delivery',
          'audit',
        ] as const
      ).map((page) => ({
        id: `go-${page}`,
        group: t('palette.go'),
        label: t(page),
        run: () => void navigate({ to: `/${page}` }),
      })),
    [t, navigate],
  );
  useCommands('b-go', commands);
}

function useRangeCommands(): void {
  const { t } = useTranslation('frame');
  const page = useMatches({ select: (matches) => matches.at(-1)?.staticData });
  const { setRange, zoomIn, zoomOut } = useTimeRange();
  const name = useRangeName();
  const commands: Command[] = [];
  const group = t('palette.range');
  if (page?.refresh) commands.push({ id: 'refresh', group, label: t('refresh'), run: refreshNow });
  if (page?.time) {
    for (const from of QUICK_RANGES) {
      const range = { from, to: 'now' };
      commands.push({ id: `range${from}`, group, label: name(range), run: () => setRange(range) });
    }
    commands.push({ id: 'zoom-out', group, label: t('range.out'), run: zoomOut });
    commands.push({ id: 'zoom-in', group, label: t('range.in'), run: zoomIn });
  }
  useCommands('c-range', useStable(commands));
}

/** The list is made in every render; it is handed on only when it says something else. */
function useStable(commands: Command[]): Command[] {
  const key = commands.map((command) => command.id + command.label).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  return useMemo(() => commands, [key]);
}

function useViewCommands(): void {
  const { t, i18n } = useTranslation('frame');
  const { setColorScheme } = useMantineColorScheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language changes what t answers
  const commands = useMemo<Command[]>(() => {
    const group = t('palette.view');
    const themes = (['auto', 'light', 'dark'] as const).map((scheme) => ({
      id: `theme-${scheme}`,
      group,
      label: `${t('theme')}: ${t(`theme.${scheme}`)}`,
      run: () => setColorScheme(scheme),
    }));
    const languages = Object.entries(LANGUAGES).map(([language, label]) => ({
      id: `language-${language}`,
      group,
      label: `${t('language')}: ${label}`,
      run: () => void setLanguage(language as Language),
    }));
    const zones = (['local', 'utc'] as const).map((zone) => ({
      id: `zone-${zone}`,
      group,
      label: `${t('zone')}: ${t(`zone.${zone}`, { zone: '' }).replace(' ()', '')}`,
      run: () => setSettings({ zone }),
    }));
    return [...themes, ...languages, ...zones];
  }, [t, i18n.language, setColorScheme]);
  useCommands('d-view', commands);
}
