import { useTranslation } from 'react-i18next';
import type { ChannelTried } from '@/api/types';
import { SafeText } from '@/parts/safe-text';
import classes from './channels.module.css';

/** What became of a test message, for everybody it went to. */
export function Tried({ tried }: { tried: ChannelTried[] }) {
  const { t } = useTranslation('channels');
  const [only, ...others] = tried;
  if (only && others.length === 0 && !only.error) {
    return (
      <p className={classes.taken} role="status">
        {t('test.taken')}
      </p>
    );
  }
  return (
    <div role="status">
      <ul className={classes.tried}>
        {tried.length === 0 && <li>{t('test.nothing')}</li>}
        {tried.map((one) => (
          <li key={one.channel} data-refused={one.error ? true : undefined}>
            {t(one.error ? 'test.refused' : 'test.taken.by')} <SafeText text={one.channel} />
            {one.error && (
              <p className={classes.error}>
                <SafeText text={one.error} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
