import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Overview } from '@/api/types';
import { BEHIND_BYTES } from '@/lib/delivery';
import { formatBytes, formatCount } from '@/lib/format';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import classes from './overview.module.css';

type Summary = Overview['delivery'];

/** Delivery in a sentence; details are on its page. */
export function DeliveryState({ delivery }: { delivery: Summary | undefined }) {
  const { t } = useTranslation('overview');
  return (
    <section>
      <header className={classes.head}>
        <h2>{t('delivery.title')}</h2>
      </header>
      {delivery ? <Words delivery={delivery} /> : <Skeleton width="90%" />}
    </section>
  );
}

function Words({ delivery }: { delivery: Summary }) {
  const { t } = useTranslation('overview');
  const { gaps, rejected, damage, dropped, behind_bytes, streams } = delivery;
  const bad = gaps > 0 || rejected > 0 || damage.length > 0;
  return (
    <div className={classes.words} data-tone={bad ? 'bad' : undefined}>
      {streams === 0 && <p>{t('delivery.none')}</p>}
      {damage.length > 0 && (
        <>
          <p>{t('delivery.damage')}</p>
          <ul>
            {damage.slice(0, 3).map((sentence) => (
              <li key={sentence}>
                <SafeText text={sentence} />
              </li>
            ))}
          </ul>
        </>
      )}
      {gaps > 0 && <p>{t('delivery.gaps', { count: gaps, n: formatCount(gaps) })}</p>}
      {rejected > 0 && (
        <p>{t('delivery.rejected', { count: rejected, n: formatCount(rejected) })}</p>
      )}
      {!bad && streams > 0 && (
        <p>
          {behind_bytes >= BEHIND_BYTES
            ? t('delivery.arriving', { size: formatBytes(behind_bytes) })
            : t('delivery.whole')}
        </p>
      )}
      {dropped > 0 && (
        <p className={classes.since}>
          {t('delivery.dropped', { count: dropped, n: formatCount(dropped) })}
        </p>
      )}
      {(bad || dropped > 0) && (
        <Link to="/delivery" search={{ trouble: bad || undefined }}>
          {t('delivery.see')}
        </Link>
      )}
    </div>
  );
}
