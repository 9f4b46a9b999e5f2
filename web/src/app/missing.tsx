import { Link, useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Empty } from '@/parts/states';

export function Missing() {
  const { t } = useTranslation();
  const path = useLocation({ select: (location) => location.pathname });
  return (
    <Empty title={t('missing.title')} actions={<Link to="/overview">{t('missing.go')}</Link>}>
      <p>{t('missing.text', { path: path.slice(0, 200) })}</p>
    </Empty>
  );
}
