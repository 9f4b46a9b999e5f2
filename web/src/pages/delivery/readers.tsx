import { useTranslation } from 'react-i18next';
import type { Delivery } from '@/api/types';
import { formatBytes } from '@/lib/format';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import classes from './delivery.module.css';

const KNOWN = ['store', 'detect', 'catalog'] as const;

/** The readers' names in words; one of a newer server keeps its own. */
export function useReaderName(): (reader: string) => string {
  const { t } = useTranslation('delivery');
  return (reader) => {
    const known = KNOWN.find((one) => one === reader);
    return known ? t(`readers.${known}`) : reader;
  };
}

/** Who takes from the ledger, and how far behind each is. */
export function Readers({ readers }: { readers: Delivery['readers'] | undefined }) {
  const { t } = useTranslation('delivery');
  const name = useReaderName();
  const state = ({ behind_bytes, error }: Delivery['readers'][number]) => {
    if (error) return t('readers.stopped');
    if (behind_bytes === 0) return t('readers.idle');
    return t('readers.behind', { size: formatBytes(behind_bytes) });
  };
  return (
    <section className={classes.readers}>
      <h2 title={t('readers.hint')}>{t('readers.title')}</h2>
      {!readers && <Skeleton width={300} />}
      <dl>
        {readers?.map((reader) => (
          <div key={reader.reader} data-stopped={reader.error ? true : undefined}>
            <dt>
              <SafeText text={name(reader.reader)} />
            </dt>
            <dd>{state(reader)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
