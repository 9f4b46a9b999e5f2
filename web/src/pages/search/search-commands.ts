import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { type Command, useCommands } from '@/app/commands';
import { getSettings, setSettings } from '@/app/settings';
import { STANDARD_COLUMNS, type View } from './use-view';

/** What the palette can do on this page. */
export function useSearchCommands(view: View, focusQuery: () => void, showKeys: () => void): void {
  const { t, i18n } = useTranslation(['search', 'frame']);
  const { setLive, setColumns, run, live } = view;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language changes what t answers
  const commands = useMemo<Command[]>(() => {
    const group = t('frame:palette.page');
    const turn = (name: 'wrap' | 'dense' | 'facets' | 'histogram') => () =>
      setSettings({ [name]: !getSettings()[name] });
    return [
      { id: 'query', group, label: t('keys.focus'), keys: '/', run: focusQuery },
      {
        id: 'live',
        group,
        label: t(live ? 'frame:live.stop' : 'frame:live.start'),
        keys: 'l',
        run: () => setLive(!live),
      },
      { id: 'wrap', group, label: t('keys.wrap'), keys: 'w', run: turn('wrap') },
      { id: 'dense', group, label: t('toolbar.dense'), run: turn('dense') },
      { id: 'facets', group, label: t('facets'), run: turn('facets') },
      { id: 'histogram', group, label: t('histogram'), run: turn('histogram') },
      {
        id: 'columns',
        group,
        label: t('column.reset'),
        run: () => setColumns(STANDARD_COLUMNS),
      },
      { id: 'clear', group, label: t('query.clear'), run: () => run('') },
      { id: 'keys', group, label: t('keys.title'), keys: '?', run: showKeys },
    ];
  }, [t, i18n.language, focusQuery, showKeys, live, setLive, setColumns, run]);
  useCommands('a-search', commands);
}
