import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { alertsQuery } from '@/api/alerts';
import { settingsPreviewQuery } from '@/api/channels';
import type { AlertInfo, Settings } from '@/api/types';
import { WORDS, type Word, withWord } from '@/lib/channel-form';
import { cut, safeString } from '@/lib/safe-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Skeleton } from '@/parts/skeleton';
import { useFailureText } from '@/parts/states';
import { useLate } from '@/parts/use-late';
import classes from './channel-form.module.css';

const TEMPLATE_MAX = 8_000;
const OFFERED = 30;

interface Props {
  form: string;
  template: string;
  /** What is said where it is empty. */
  usual?: string;
  set(template: string): void;
  wrong?: string;
}

/** What a channel says, with the words most events have a button away. */
export function Template({ form, template, usual, set, wrong }: Props) {
  const { t } = useTranslation('channels');
  const area = useRef<HTMLTextAreaElement>(null);
  const put = (word: Word) => {
    const { selectionStart = template.length, selectionEnd = template.length } = area.current ?? {};
    const next = withWord(template, word, selectionStart, selectionEnd);
    set(next.template);
    // Once it is written there.
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(next.at, next.at);
    });
  };
  const id = `${form}-template`;
  return (
    <div className={classes.field}>
      <label htmlFor={id}>{t('template')}</label>
      <textarea
        id={id}
        ref={area}
        rows={4}
        maxLength={TEMPLATE_MAX}
        spellCheck={false}
        value={template}
        placeholder="[{{ time }}] {{ user.name }}: {{ rule.name }}"
        aria-invalid={wrong !== undefined}
        aria-describedby={`${id}-said`}
        onChange={(event) => set(event.target.value)}
      />
      <p id={`${id}-said`} className={wrong ? classes.wrong : classes.hint}>
        {wrong ? <SafeText text={wrong} /> : t('template.hint')}
      </p>
      {usual && template === '' && (
        <Button
          look="quiet"
          onClick={() => {
            set(usual);
            area.current?.focus();
          }}
        >
          {t('template.usual')}
        </Button>
      )}
      <fieldset className={classes.words} aria-label={t('template.words')}>
        {WORDS.map((word) => (
          <button
            key={word}
            type="button"
            title={t(`word.${word}`)}
            aria-label={t('template.word', { word, what: t(`word.${word}`) })}
            onClick={() => put(word)}
          >
            {word}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

const nameOf = ({ id, rule, host }: AlertInfo) =>
  safeString(cut(`#${id} ${rule}${host ? `, ${host}` : ''}`, 100));

/** What the settings would say of an alert, as they are written. */
export function TemplatePreview({ settings }: { settings: Settings }) {
  const { t } = useTranslation('channels');
  const alerts = useInfiniteQuery(alertsQuery({ state: 'all' })).data?.pages[0]?.alerts;
  const [chosen, setChosen] = useState<number>();
  const alert = chosen ?? alerts?.[0]?.id;
  return (
    <section className={classes.preview}>
      <h3>{t('preview')}</h3>
      {alerts?.length === 0 && <p className={classes.hint}>{t('preview.none')}</p>}
      {alert !== undefined && (
        <>
          <label>
            {t('preview.alert')}
            <select value={alert} onChange={(event) => setChosen(Number(event.target.value))}>
              {alerts?.slice(0, OFFERED).map((one) => (
                <option key={one.id} value={one.id}>
                  {nameOf(one)}
                </option>
              ))}
            </select>
          </label>
          <Said settings={settings} alert={alert} />
        </>
      )}
    </section>
  );
}

function Said({ settings, alert }: { settings: Settings; alert: number }) {
  const { t } = useTranslation('channels');
  const late = useLate(JSON.stringify(settings));
  const { data, error, isPlaceholderData } = useQuery({
    ...settingsPreviewQuery(JSON.parse(late) as Settings, alert),
    placeholderData: keepPreviousData,
  });
  const wrong = useFailureText(error);
  if (error) {
    return (
      <p className={classes.wrong} role="alert">
        <SafeText text={wrong} />
      </p>
    );
  }
  return (
    <pre aria-busy={!data || isPlaceholderData}>
      {data ? (
        <SafeText text={data.text || t('preview.empty')} keepLines />
      ) : (
        <Skeleton width="60%" />
      )}
    </pre>
  );
}
