import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { GROUP_NAMES, groupOf } from '@/lib/audit';
import { useKeys } from '@/parts/use-keys';
import { useLate } from '@/parts/use-late';
import classes from './audit.module.css';
import type { View } from './use-view';

/** Who, what, to what, and whether it was refused. */
export function Filters({ view }: { view: View }) {
  const { t } = useTranslation('audit');
  useKeys({ '/': () => document.getElementById('audit-who')?.focus() });
  return (
    <search className={classes.filters} aria-label={t('filters')}>
      <Word
        id="audit-who"
        label={t('who')}
        hint="anna, key:7, local"
        word={view.who}
        write={(who) => view.change({ who })}
      />
      <select
        aria-label={t('action')}
        value={view.group ?? ''}
        onChange={(event) => view.change({ action: groupOf(event.target.value) })}
      >
        <option value="">{t('action.any')}</option>
        {GROUP_NAMES.map((group) => (
          <option key={group} value={group}>
            {t(`group.${group}`)}
          </option>
        ))}
      </select>
      <Word
        id="audit-object"
        label={t('object')}
        hint={t('object.hint')}
        word={view.object}
        write={(object) => view.change({ object })}
      />
      <label>
        <input
          type="checkbox"
          checked={view.refused}
          onChange={(event) => view.change({ refused: event.target.checked || undefined })}
        />
        {t('refused')}
      </label>
    </search>
  );
}

interface WordProps {
  id: string;
  label: string;
  hint: string;
  word: string;
  write(word: string | undefined): void;
}

/** Goes into the address a moment after the last key. */
function Word({ id, label, hint, word, write }: WordProps) {
  const [text, setText] = useState(word);
  const late = useLate(text);
  const written = useRef(word);
  useEffect(() => {
    // The address changed by itself: back, a link.
    if (written.current === word) return;
    written.current = word;
    setText(word);
  }, [word]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed is written
  useEffect(() => {
    const typed = late.trim();
    if (typed === written.current || late !== text) return;
    written.current = typed;
    write(typed || undefined);
  }, [late]);
  return (
    <input
      id={id}
      type="search"
      aria-label={label}
      placeholder={`${label}: ${hint}`}
      spellCheck={false}
      autoComplete="off"
      maxLength={512}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
