import { useTranslation } from 'react-i18next';
import { Button } from '@/parts/button';
import classes from './delivery.module.css';
import type { View } from './use-view';

/** The filters leave nothing: with "only trouble" that is the best there is. */
export function NoStreams({ view }: { view: View }) {
  const { t } = useTranslation('delivery');
  const { trouble, words, agent } = view.shown;
  return (
    <div className={classes.noStreams}>
      <p>{t(trouble && !words && !agent ? 'none.trouble' : 'none.found')}</p>
      <Button onClick={() => view.change({ q: undefined, agent: undefined, trouble: undefined })}>
        {t('none.reset')}
      </Button>
    </div>
  );
}
