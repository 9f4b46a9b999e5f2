import { useTranslation } from 'react-i18next';
import { Button } from '@/parts/button';
import { Command, Empty } from '@/parts/states';
import type { View } from './use-view';

/** No alert is good news or a filter too many; in both cases one may doubt that rules are in use. */
export function NoAlerts({ view }: { view: View }) {
  const { t } = useTranslation('alerts');
  const { state, level, since } = view.filter;
  const filtered = state !== 'open' || level !== undefined || since !== undefined;
  const reset = () => view.setFilter({ state: 'all', level: undefined, since: undefined });
  return (
    <Empty
      title={t(filtered ? 'empty.filtered' : 'empty.open')}
      actions={
        state !== 'all' || filtered ? (
          <Button onClick={reset}>{t('empty.reset')}</Button>
        ) : undefined
      }
    >
      <p>{t(filtered ? 'empty.filtered.text' : 'empty.open.text')}</p>
      <Command text="watchpost rules list" />
    </Empty>
  );
}
