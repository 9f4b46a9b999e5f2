import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { channelPreviewQuery, channelsQuery } from '@/api/channels';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { Failure } from '@/parts/states';
import classes from './detail.module.css';

/** What a channel would say of this alert, as it is configured now. */
export function Preview({ alert }: { alert: number }) {
  const { t } = useTranslation('alerts');
  const [name, setName] = useState('');
  const channels = useQuery(channelsQuery).data?.channels.filter(({ kind }) => kind) ?? [];
  const text = useQuery(channelPreviewQuery(name, alert));
  if (channels.length === 0) return null;
  return (
    <div className={classes.preview}>
      <label>
        {t('preview.label')}
        <select value={name} onChange={(event) => setName(event.target.value)}>
          <option value="">{t('preview.choose')}</option>
          {channels.map((channel) => (
            <option key={channel.name} value={channel.name}>
              {safeString(channel.name)}
            </option>
          ))}
        </select>
      </label>
      {name && text.error && <Failure error={text.error} retry={() => void text.refetch()} />}
      {name && !text.error && (
        <pre aria-busy={text.isPending}>
          {text.data ? (
            <SafeText text={text.data.text || t('preview.empty')} keepLines />
          ) : (
            <Skeleton width="60%" />
          )}
        </pre>
      )}
    </div>
  );
}
