import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { knownQuery } from '@/api/asking';
import type { LookupKnown } from '@/api/types';
import type { AskedFile } from '@/lib/asking';
import { formatBytes, formatCount } from '@/lib/format';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { Failure, Warning } from '@/parts/states';
import classes from './host.module.css';
import type { Asking } from './use-asking';

interface Props {
  asking: Asking;
  host: string;
  /** How many services and lists could be asked; undefined while nobody knows. */
  services: number | undefined;
}

/** What the agent said, and what services know of it. */
export function Answer({ asking: { wish, told }, host, services }: Props) {
  const { t } = useTranslation('host');
  if (!told?.end || !wish) return null;
  return (
    <section aria-label={t('result')} className={classes.answer}>
      {told.end !== 'done' && (
        <Warning>
          <b>{t(told.end === 'refused' ? 'refused' : 'failed', { host })}</b>
          {told.reason && (
            <>
              {': '}
              <SafeText text={told.reason} />
            </>
          )}
        </Warning>
      )}
      {told.end === 'done' && wish.command === 'lookup_upload' && (
        <p role="status">
          {t('given', { service: wish.service ?? '' })}{' '}
          {told.link && (
            <a href={told.link} target="_blank" rel="noreferrer noopener">
              {t('link')}
            </a>
          )}
        </p>
      )}
      {wish.command === 'hash' && told.end === 'done' && (
        <Files files={told.files} count={told.count} services={services} />
      )}
    </section>
  );
}

interface FilesProps {
  files: readonly AskedFile[];
  count: number | undefined;
  services: number | undefined;
}

function Files({ files, count, services }: FilesProps) {
  const { t } = useTranslation('host');
  const hashes = [...new Set(files.flatMap((file) => file.sha256 ?? []))];
  const known = useQuery({ ...knownQuery(hashes), enabled: hashes.length > 0 });
  const of = (hash: string | undefined) =>
    known.data?.lookups.find((one) => one.indicator === hash);
  if (files.length === 0) return <p role="status">{t('told.none')}</p>;
  return (
    <>
      {known.isFetching && <p role="status">{t('looking')}</p>}
      {known.error && <Failure error={known.error} retry={() => void known.refetch()} />}
      {count !== undefined && count > files.length && (
        <p>{t('told.more', { n: formatCount(files.length), all: formatCount(count) })}</p>
      )}
      <ul className={classes.files}>
        {files.map((file) => (
          <li key={file.path}>
            <b>
              <SafeText text={file.path} />
            </b>
            {file.error && <SafeText text={file.error} />}
            {file.sha256 && (
              <dl className={classes.facts}>
                {file.size !== undefined && (
                  <div>
                    <dt>{t('size')}</dt>
                    <dd>{formatBytes(file.size)}</dd>
                  </div>
                )}
                <div>
                  <dt>SHA-256</dt>
                  <dd>
                    <code>
                      <SafeText text={file.sha256} />
                    </code>
                  </dd>
                </div>
                <Verdict known={of(file.sha256)} />
              </dl>
            )}
          </li>
        ))}
      </ul>
      {services === 0 && <p className={classes.hint}>{t('no.services')}</p>}
    </>
  );
}

const WORDS = ['malicious', 'suspicious', 'harmless', 'unknown'] as const;

function Verdict({ known }: { known: LookupKnown | undefined }) {
  const { t } = useTranslation('host');
  if (!known) return null;
  const word = (name: string) => t(`is.${WORDS.find((one) => one === name) ?? 'unknown'}`);
  return (
    <div>
      <dt>{t('verdict')}</dt>
      <dd>
        <b data-verdict={known.verdict} className={classes.verdict}>
          {word(known.verdict)}
        </b>
        <ul>
          {known.verdicts.map((one) => {
            const { service, positives, total } = one;
            const text =
              total === undefined
                ? t('by.word', { service: safeString(service), verdict: word(one.verdict) })
                : t('by', { service: safeString(service), positives: positives ?? 0, total });
            return (
              <li key={service}>
                {one.link?.startsWith('https://') ? (
                  <a href={one.link} target="_blank" rel="noreferrer noopener">
                    {text}
                  </a>
                ) : (
                  text
                )}
              </li>
            );
          })}
          {known.waiting?.map((service) => (
            <li key={`waits ${service}`}>{t('still.waits', { service: safeString(service) })}</li>
          ))}
          {known.failed?.map(({ service, error }) => (
            <li key={`failed ${service}`}>
              {t('did.fail', { service: safeString(service), error: safeString(error) })}
            </li>
          ))}
        </ul>
      </dd>
    </div>
  );
}
