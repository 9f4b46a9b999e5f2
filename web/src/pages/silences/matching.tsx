import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { silencePreviewQuery } from '@/api/silences';
import { formatCount } from '@/lib/format';
import { SafeText } from '@/parts/safe-text';
import { useFailureText } from '@/parts/states';
import { useLate } from '@/parts/use-late';
import classes from './silence-form.module.css';

/** How many open alerts the query matches, as it is typed; or what is wrong with it. */
export function Matching({ query }: { query: string }) {
  const { t } = useTranslation('silences');
  const late = useLate(query);
  const { data, error } = useQuery({
    ...silencePreviewQuery(late),
    placeholderData: keepPreviousData,
  });
  const wrong = useFailureText(error);
  if (query === '') return <p className={classes.matching}>{t('preview.nothing')}</p>;
  if (error) {
    return (
      <p className={classes.matching} data-wrong role="alert">
        <SafeText text={wrong} />
      </p>
    );
  }
  if (!data) return <p className={classes.matching}>&nbsp;</p>;
  const all = formatCount(data.looked_at);
  return (
    <p className={classes.matching} role="status">
      {data.matching === 0 ? (
        t('preview.none', { all })
      ) : (
        <>
          {t('preview.some', { count: data.matching, all })}{' '}
          {data.alerts.map((id) => `#${id}`).join(', ')}
          {data.alerts.length < data.matching && ` ${t('preview.more')}`}
        </>
      )}
    </p>
  );
}
