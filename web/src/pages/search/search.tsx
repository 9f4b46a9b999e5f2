import { useTranslation } from 'react-i18next';
import { Empty } from '@/parts/states';

export function SearchPage() {
  const { t } = useTranslation('search');
  return <Empty title={t('title')} />;
}
