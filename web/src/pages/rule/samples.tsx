import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { testRule } from '@/api/rules';
import type { Json, TriedText } from '@/api/types';
import { samplesOf } from '@/lib/rule-text';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import classes from './rule.module.css';

/** What the server takes at once. */
const SAMPLES_MAX = 100;

/** Lines and events that a text is tried with, and why it finds them or not. */
export function Samples({ text }: { text: string }) {
  const { t } = useTranslation('rule');
  const [samples, setSamples] = useState('');
  const id = useId();
  const read = samplesOf(samples).slice(0, SAMPLES_MAX);
  const tried = useMutation({ mutationFn: () => testRule(text, read as Json[]) });
  return (
    <section className={classes.part} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('samples')}</h2>
      <p className={classes.hint} id={`${id}-hint`}>
        {t('samples.hint')}
      </p>
      <textarea
        className={classes.samples}
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-hint`}
        rows={4}
        spellCheck={false}
        value={samples}
        onChange={(event) => setSamples(event.target.value)}
      />
      <div className={classes.actions}>
        <Button disabled={read.length === 0 || tried.isPending} onClick={() => tried.mutate()}>
          {t('samples.try')}
        </Button>
      </div>
      {tried.error && <Failure error={tried.error} />}
      <div role="status">{tried.data && <Results tried={tried.data} />}</div>
    </section>
  );
}

function Results({ tried }: { tried: TriedText }) {
  const { t } = useTranslation('rule');
  return (
    <>
      {tried.problems?.map((problem) => (
        <p key={problem.message} className={classes.bad}>
          <SafeText text={problem.message} />
        </p>
      ))}
      <ol className={classes.results}>
        {tried.results.map((result, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: samples stay in their places
          <li key={at}>
            {result.error !== undefined ? (
              <span className={classes.bad}>
                <SafeText text={result.error} />
              </span>
            ) : (
              <b data-found={result.found.length > 0}>
                {result.found.length > 0 ? t('samples.found') : t('samples.not')}
              </b>
            )}
            {result.found.map((sentence) => (
              <p key={sentence}>
                <SafeText text={sentence} />
              </p>
            ))}
            {result.explained.length > 0 && (
              <details>
                <summary>{t('samples.why')}</summary>
                {result.explained.map((text) => (
                  <pre key={text}>
                    <SafeText text={text} keepLines />
                  </pre>
                ))}
              </details>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}
