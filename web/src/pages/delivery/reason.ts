import { useTranslation } from 'react-i18next';

const REASONS = [
  'filter',
  'empty',
  'ignore',
  'record-too-long',
  'unreadable',
  'kernel-events-lost',
  'queue-full',
  'before-start',
  'spool-full',
  'source-gone',
  'ledger-damage',
  'too-large',
  'refused',
] as const;

/** A reason in words; one of a newer agent as it came, so untrusted. */
export function useReason(): (reason: string) => string {
  const { t } = useTranslation('delivery');
  return (reason) => {
    const known = REASONS.find((one) => one === reason);
    return known ? t(`reason.${known}`) : reason;
  };
}
