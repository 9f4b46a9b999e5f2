import { useTranslation } from 'react-i18next';
import { Empty } from '@/parts/states';

export function AlertsPage() {
  const { t } = useTranslation('alerts');
  return <Empty title={t('title')} />;
}
