import { useTranslation } from 'react-i18next';
import { Empty } from '@/parts/states';

export function DeliveryPage() {
  const { t } = useTranslation('delivery');
  return <Empty title={t('title')} />;
}
