import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FILES_MAX, servicesQuery } from '@/api/asking';
import type { DeliveryHost } from '@/api/types';
import { uploadServices } from '@/lib/asking';
import { safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { Failure } from '@/parts/states';
import { Answer } from './answer';
import { Confirm } from './confirm';
import classes from './host.module.css';
import { useAsking } from './use-asking';
import { Waiting } from './waiting';

/** A file there: what is known of it, and the way to give it to a service. */
export function FileForm({ host }: { host: DeliveryHost }) {
  const { t } = useTranslation('host');
  const id = useId();
  const [path, setPath] = useState('');
  const [giving, setGiving] = useState<string>();
  const asking = useAsking(host.agent);
  const services = useQuery(servicesQuery);
  const offered = uploadServices(services.data?.services, host.uploads);
  const name = safeString(host.host ?? host.agent);
  const wanted = path.trim();
  // An agent that says nothing of it is older, and hashes unless told otherwise.
  const mayHash = host.commands?.includes('hash') ?? true;
  const isBusy = asking.since !== undefined;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (wanted !== '' && mayHash && !isBusy) asking.ask({ command: 'hash', path: wanted });
  };
  return (
    <section aria-labelledby={`${id}-title`} className={classes.file}>
      <h2 id={`${id}-title`}>{t('file')}</h2>
      <form onSubmit={submit}>
        <label>
          {t('path', { host: name })}
          <input
            value={path}
            spellCheck={false}
            autoComplete="off"
            maxLength={4096}
            placeholder="/usr/local/bin/tool"
            aria-describedby={`${id}-hint`}
            onChange={(event) => {
              setPath(event.target.value);
              setGiving(undefined);
            }}
          />
        </label>
        <Button type="submit" look="primary" disabled={wanted === '' || !mayHash || isBusy}>
          {t('hash')}
        </Button>
        {offered[0] && (
          <Button disabled={wanted === '' || isBusy} onClick={() => setGiving(offered[0])}>
            {t('upload')}
          </Button>
        )}
      </form>
      <p id={`${id}-hint`} className={classes.hint}>
        {mayHash ? t('file.hint', { n: FILES_MAX }) : t('no.hash')}
      </p>
      {giving !== undefined && (
        <Confirm
          path={wanted}
          host={name}
          service={giving}
          services={offered}
          choose={setGiving}
          keep={() => setGiving(undefined)}
          give={() => {
            setGiving(undefined);
            asking.ask({ command: 'lookup_upload', path: wanted, service: giving });
          }}
        />
      )}
      {asking.error !== null && <Failure error={asking.error} />}
      <Waiting asking={asking} host={name} isSilent={host.state === 'silent'} />
      <Answer asking={asking} host={name} services={services.data?.services.length} />
    </section>
  );
}
