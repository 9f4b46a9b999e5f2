import { useTranslation } from 'react-i18next';
import { Empty } from '@/parts/states';

export function OverviewPage() {
  const { t } = useTranslation('overview');
  return <Empty title={t('title')} />;
}
