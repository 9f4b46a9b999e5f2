import { Menu } from '@mantine/core';
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import { unitsOfBytes } from '@/lib/query';
import type { Span } from '@/lib/range';
import { Button, IconButton } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { useFailureText } from '@/parts/states';
import { completer } from './complete';
import { type Mistake, makeEditor, type QueryEditor } from './editor';
import { earlierQueries } from './history';
import classes from './query-box.module.css';

export interface QueryBoxHandle {
  focus(): void;
}

interface Props {
  q: string;
  span: Span;
  /** What the server said of the query, when it could not be read. */
  error: unknown;
  run(q: string): void;
  ref: Ref<QueryBoxHandle>;
}

/** The place of a mistake in a query, from the server's offsets in bytes. */
export function mistakeIn(q: string, error: unknown): Mistake | undefined {
  if (!isApiError(error, 'bad_query')) return undefined;
  const { at, len } = (error.details ?? {}) as { at?: unknown; len?: unknown };
  if (typeof at !== 'number' || typeof len !== 'number') return undefined;
  return { from: unitsOfBytes(q, at), to: unitsOfBytes(q, at + len) };
}

interface Current {
  run(q: string): void;
  span: Span;
  earlier: string;
}

function useEditor(props: Props, setText: (text: string) => void) {
  const { t } = useTranslation('search');
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<QueryEditor>(null);
  const first = useRef(props.q);
  const current = useRef<Current>({ run: props.run, span: props.span, earlier: '' });
  current.current = { run: props.run, span: props.span, earlier: t('complete.earlier') };
  useEffect(() => {
    if (!parent.current) return;
    editor.current = makeEditor({
      parent: parent.current,
      text: first.current,
      label: '',
      placeholder: '',
      complete: completer({
        span: () => current.current.span,
        words: { earlier: () => current.current.earlier },
      }),
      run: (text) => current.current.run(text),
      leave: () => document.getElementById('events')?.focus(),
      changed: setText,
    });
    return () => editor.current?.destroy();
  }, [setText]);
  const [label, hint] = [t('query'), t('query.placeholder')];
  useEffect(() => editor.current?.setLabels(label, hint), [label, hint]);
  return { parent, editor };
}

export function QueryBox(props: Props) {
  const { q, error, run } = props;
  const { t } = useTranslation('search');
  const [text, setText] = useState(q);
  const { parent, editor } = useEditor(props, setText);
  useEffect(() => {
    if (editor.current && editor.current.text() !== q) editor.current.setText(q);
  }, [q, editor]);
  useEffect(() => editor.current?.setMistake(mistakeIn(q, error)), [q, error, editor]);
  useImperativeHandle(props.ref, () => ({ focus: () => editor.current?.focus() }), [editor]);
  const wrong = isApiError(error, 'bad_query');
  const sentence = useFailureText(error);
  const choose = (query: string) => {
    editor.current?.setText(query);
    run(query);
  };
  return (
    <search className={classes.box}>
      <div className={classes.editor} data-wrong={wrong && text.trim() === q}>
        <div ref={parent} />
        {text && (
          <span className={classes.clear}>
            <IconButton icon="close" small label={t('query.clear')} onClick={() => choose('')} />
          </span>
        )}
      </div>
      <HistoryMenu choose={choose} />
      <Button look="primary" className={classes.run} onClick={() => run(text)}>
        {t('query.run')}
      </Button>
      <p className={classes.below} role="alert">
        {wrong && <SafeText text={sentence} />}
      </p>
    </search>
  );
}

function HistoryMenu({ choose }: { choose(q: string): void }) {
  const { t } = useTranslation('search');
  const [queries, setQueries] = useState<string[]>([]);
  return (
    <Menu position="bottom-end" onOpen={() => setQueries(earlierQueries())}>
      <Menu.Target>
        <IconButton
          icon="chevron"
          look="plain"
          className={classes.older}
          label={t('query.history')}
        />
      </Menu.Target>
      <Menu.Dropdown className={classes.history}>
        <Menu.Label>{t(queries.length ? 'query.history' : 'query.history.empty')}</Menu.Label>
        {queries.map((query) => (
          <Menu.Item key={query} onClick={() => choose(query)}>
            <code>
              <SafeText text={query.slice(0, 200)} />
            </code>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
