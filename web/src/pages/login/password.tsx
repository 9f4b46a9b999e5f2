import { useQuery } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { safeTarget } from '@/lib/target';
import classes from './login.module.css';
import { Outside } from './outside';
import { PasswordForm } from './password-form';

/** After a log-in with a one-time password nothing else works until this is done. */
export function PasswordPage() {
  const { t } = useTranslation('login');
  const { to } = useSearch({ from: '/password' });
  const router = useRouter();
  const session = useQuery(sessionQuery).data;
  const once = session?.must_change_password ?? true;
  return (
    <Outside title={t(once ? 'change.forced' : 'change.title')}>
      {once && <p className={classes.note}>{t('change.why')}</p>}
      <PasswordForm
        once={once}
        user={session?.user ?? ''}
        done={() => void router.navigate({ href: safeTarget(to) })}
      />
    </Outside>
  );
}
