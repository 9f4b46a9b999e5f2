import { useTranslation } from 'react-i18next';
import { LEVELS, toneOf } from '@/lib/alert';
import tones from './severity.module.css';

/** A rule's level as a word with its bar. */
export function Level({ level }: { level: string }) {
  const { t } = useTranslation('alerts');
  const known = LEVELS.find((one) => one === level);
  return (
    <span className={`${tones.label} ${tones[toneOf(level)]}`}>
      {known ? t(`level.${known}`) : level}
    </span>
  );
}
