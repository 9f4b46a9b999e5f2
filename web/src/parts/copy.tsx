import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { announce } from './announce';
import { Button, IconButton } from './button';
import type { IconName } from './icon';

/** The clipboard interface exists only on https and on the host itself; a text field works anywhere. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.style.position = 'fixed';
    field.style.opacity = '0';
    const focused = document.activeElement;
    (document.querySelector('dialog[open], [role=dialog]') ?? document.body).append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}

interface Props {
  /** What to copy, or how to make it: large texts are made only when asked for. */
  text: string | (() => string);
  label?: string;
  /** Shows an icon instead of the label. */
  icon?: IconName;
  small?: boolean;
}

export function Copy({ text, label, icon, small = true }: Props) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    const copied = await copyText(typeof text === 'string' ? text : text());
    setDone(copied);
    if (copied) announce(t('copied'));
  };
  const name = label ?? t('copy');
  if (icon) {
    return (
      <IconButton
        icon={done ? 'check' : icon}
        label={name}
        small={small}
        onClick={() => void copy()}
      />
    );
  }
  return (
    <Button small={small} onClick={() => void copy()}>
      <span style={{ display: 'grid' }}>
        {/* Both words hold the place, so that the button keeps its width. */}
        <span style={{ gridArea: '1/1', visibility: done ? 'hidden' : 'visible' }}>{name}</span>
        <span style={{ gridArea: '1/1', visibility: done ? 'visible' : 'hidden' }}>
          {t('copied')}
        </span>
      </span>
    </Button>
  );
}
