import { useTranslation } from 'react-i18next';
import { Button } from '@/parts/button';
import { Command, Empty } from '@/parts/states';
import { Toml } from '@/parts/toml';
import classes from './rules.module.css';
import type { View } from './use-view';

const BUILTIN = `[detect]
builtin = true
`;

/** Nothing is looked for: how that changes. */
export function NoRules() {
  const { t } = useTranslation('rules');
  return (
    <Empty title={t('empty')}>
      <p>{t('empty.text')}</p>
      <Toml text={BUILTIN} />
      <p className={classes.then}>{t('empty.import')}</p>
      <Command text="watchpost rules import sigma_all_rules.zip" />
    </Empty>
  );
}

/** The filters leave nothing. */
export function NoneFound({ view }: { view: View }) {
  const { t } = useTranslation('rules');
  return (
    <div className={classes.none}>
      <p>{t('none')}</p>
      <Button onClick={() => view.change({ q: undefined, level: undefined, origin: undefined })}>
        {t('none.reset')}
      </Button>
    </div>
  );
}
