import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type Command, useCommands } from '@/app/commands';
import type { Acting } from './use-acting';

const ASKED = [
  ['acknowledge', 'a', 'keys.ack'],
  ['close', 'c', 'keys.close'],
  ['reopen', 'r', 'keys.reopen'],
  ['assign', 'g', 'keys.assign'],
  ['comment', 'm', 'keys.comment'],
] as const;

/** What the palette can do on this page: the same as the keys. */
export function useAlertCommands(acting: Acting, showKeys: () => void): void {
  const { t, i18n } = useTranslation(['alerts', 'frame']);
  const latest = useRef({ acting, showKeys });
  latest.current = { acting, showKeys };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language changes what t answers
  const commands = useMemo<Command[]>(() => {
    const group = t('frame:palette.page');
    const now = () => latest.current;
    const asked = ASKED.map(([kind, keys, label]) => ({
      id: kind,
      group,
      label: t(label),
      keys,
      // The palette gives the focus back first.
      run: () => void setTimeout(() => now().acting.ask(kind)),
    }));
    return [
      ...asked,
      { id: 'take', group, label: t('keys.take'), keys: 'i', run: () => now().acting.take() },
      {
        id: 'silence',
        group,
        label: t('keys.silence'),
        keys: 'z',
        run: () => now().acting.silence(),
      },
      { id: 'keys', group, label: t('keys.title'), keys: '?', run: () => now().showKeys() },
    ];
  }, [t, i18n.language]);
  useCommands('a-alerts', commands);
}
