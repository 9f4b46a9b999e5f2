import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './rules.module.css';
import type { View } from './use-view';

/** Long enough for a word, short enough to feel at once. */
const PAUSE_MS = 120;

/** Types into the address, a moment after the last key. */
export function Find({ view }: { view: View }) {
  const { t } = useTranslation('rules');
  const { words } = view.filter;
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
      id="find-rule"
      type="search"
      className={classes.find}
      aria-label={t('find')}
      placeholder={t('find.hint')}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
