import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { COLUMNS } from '@/lib/delivery-view';
import { formatCount } from '@/lib/format';
import { Button, IconButton } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { useKeys } from '@/parts/use-keys';
import classes from './delivery.module.css';
import type { View } from './use-view';

interface Props {
  view: View;
  shown: number;
  /** Undefined while it is fetched. */
  all: number | undefined;
  names: ReadonlyMap<string, string>;
}

/** Long enough for a word, short enough to feel at once. */
const PAUSE_MS = 120;

export function Toolbar({ view, shown, all, names }: Props) {
  const { t } = useTranslation('delivery');
  const [explained, setExplained] = useState(false);
  const { agent, trouble } = view.shown;
  return (
    <>
      <div className={classes.toolbar}>
        <Find view={view} />
        <Button
          aria-pressed={trouble ?? false}
          onClick={() => view.change({ trouble: trouble ? undefined : true })}
        >
          {t('trouble.only')}
        </Button>
        {agent && (
          <span className={classes.agent}>
            <SafeText text={t('agent.only', { agent: names.get(agent) ?? agent })} />
            <IconButton
              small
              icon="close"
              label={t('agent.clear')}
              onClick={() => view.change({ agent: undefined })}
            />
          </span>
        )}
        <span className={classes.shown} role="status">
          {all !== undefined && t('shown', { shown: formatCount(shown), all: formatCount(all) })}
        </span>
        <Button
          look="quiet"
          aria-expanded={explained}
          title={`${t('explain')} (?)`}
          onClick={() => setExplained(!explained)}
        >
          {t('explain')}
        </Button>
      </div>
      {explained && <Explained />}
      <Keys explain={() => setExplained((old) => !old)} />
    </>
  );
}

function Keys({ explain }: { explain(): void }) {
  useKeys({
    '?': explain,
    '/': () => document.getElementById('find-stream')?.focus(),
  });
  return null;
}

/** Types into the address, a moment after the last key. */
function Find({ view }: { view: View }) {
  const { t } = useTranslation('delivery');
  const { words = '' } = view.shown;
  const [text, setText] = useState(words);
  const written = useRef(words);
  useEffect(() => {
    // The address changed by itself: back, a link, "show all".
    if (written.current !== words) {
      written.current = words;
      setText(words);
    }
  }, [words]);
  useEffect(() => {
    if (text === written.current) return;
    const timer = setTimeout(() => {
      written.current = text;
      view.change({ q: text || undefined });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, view]);
  return (
    <input
      id="find-stream"
      type="search"
      className={classes.find}
      aria-label={t('find')}
      placeholder={t('find.hint')}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}

function Explained() {
  const { t } = useTranslation('delivery');
  return (
    <dl className={classes.explained}>
      {COLUMNS.map((column) => (
        <div key={column}>
          <dt>{t(`column.${column}`)}</dt>
          <dd>{t(`explain.${column}`)}</dd>
        </div>
      ))}
    </dl>
  );
}
