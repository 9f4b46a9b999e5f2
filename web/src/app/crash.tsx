import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import { Button } from '@/parts/button';
import { Empty, Failure } from '@/parts/states';

/** Stands in for a page that failed. The frame around it goes on working. */
export function Crash({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  if (isApiError(error)) {
    const retry = () => {
      reset();
      void router.invalidate();
    };
    return (
      <Empty title={t('failure.title')}>
        <Failure error={error} retry={retry} />
      </Empty>
    );
  }
  const actions = <Button onClick={() => location.reload()}>{t('reload')}</Button>;
  return (
    <Empty title={t('crash.title')} actions={actions}>
      <p>{t('crash.text')}</p>
      <Failure error={error} />
    </Empty>
  );
}
