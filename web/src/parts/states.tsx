import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/client';
import { Button } from './button';
import { Copy } from './copy';
import { SafeText } from './safe-text';
import classes from './states.module.css';

/** Nothing is here: says what to do next. */
export function Empty(props: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <section className={classes.empty}>
      <h2>{props.title}</h2>
      {props.children}
      {props.actions && <div className={classes.actions}>{props.actions}</div>}
    </section>
  );
}

/** A command to run in a terminal. */
export function Command({ text }: { text: string }) {
  return (
    <div className={classes.command}>
      <code>{text}</code>
      <Copy text={text} />
    </div>
  );
}

const KNOWN = ['network', 'unavailable', 'timeout', 'forbidden'] as const;

/** A failure in words a person can act on; what the machine said is underneath. */
export function useFailureText(error: unknown): string {
  const { t } = useTranslation();
  if (!(error instanceof ApiError)) return t('failure.title');
  const known = KNOWN.find((code) => code === error.code);
  if (known) return t(`failure.${known}`);
  return error.message ? sentence(error.message) : t('failure.title');
}

/** The server's sentences begin small, as they stand behind a colon in the terminal. */
function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

interface FailureProps {
  error: unknown;
  retry?: () => void;
}

/** Stands where the thing that failed would stand. */
export function Failure({ error, retry }: FailureProps) {
  const { t } = useTranslation();
  const text = useFailureText(error);
  const details =
    error instanceof ApiError
      ? `${t('failure.code', { code: error.code, status: error.status })}\n${error.message}`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  return (
    <div className={`${classes.notice} ${classes.failure}`} role="alert">
      <SafeText text={text} />
      {retry && (
        <div className={classes.actions}>
          <Button small onClick={retry}>
            {t('retry')}
          </Button>
        </div>
      )}
      <details>
        <summary>{t('details')}</summary>
        <pre>
          <SafeText text={details} keepLines />
        </pre>
      </details>
    </div>
  );
}

/** Something a person should know that is no failure, such as damage in the store. */
export function Warning({ children }: { children: ReactNode }) {
  return (
    <div className={`${classes.notice} ${classes.warning}`} role="status">
      {children}
    </div>
  );
}
