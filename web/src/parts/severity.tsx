import { useTranslation } from 'react-i18next';
import type { SeverityName } from '@/lib/severity';
import classes from './severity.module.css';

/** A step of the severity scale as a word with its bar; colour is never the only sign. */
export function Severity({ level }: { level: SeverityName }) {
  const { t } = useTranslation();
  return <span className={`${classes.label} ${classes[level]}`}>{t(`severity.${level}`)}</span>;
}
