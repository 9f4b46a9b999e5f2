import { Menu } from '@mantine/core';
import { type Ref, type RefObject, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from '@/api/client';
import type { Span } from '@/lib/range';
import { Button, IconButton } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { useFailureText } from '@/parts/states';
import { makeEditor, type QueryEditor } from './editor';
import { earlierQueries } from './history';
import { mistakeIn } from './mistake';
import classes from './query-box.module.css';
import { type Completion, type Offered, useCompletion } from './use-completion';

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

function useEditor(props: Props, setText: (text: string) => void) {
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<QueryEditor>(null);
  const span = useRef(props.span);
  span.current = props.span;
  const completion = useCompletion(editor, span);
  const first = useRef(props.q);
  const latest = useRef({ run: props.run, completion });
  latest.current = { run: props.run, completion };
  useEffect(() => {
    if (!parent.current) return;
    editor.current = makeEditor({
      parent: parent.current,
      text: first.current,
      run: (text) => {
        latest.current.completion.close();
        latest.current.run(text);
      },
      leave: () => document.getElementById('events')?.focus(),
      changed: (text, typed) => {
        setText(text);
        if (typed) latest.current.completion.typed();
        else latest.current.completion.close();
      },
      blurred: () => latest.current.completion.close(),
      key: (name) => latest.current.completion.key(name),
      ask: () => latest.current.completion.ask(),
    });
    return () => editor.current?.destroy();
  }, [setText]);
  return { parent, editor, completion };
}

/** Names the field for screen readers, with the entry that is chosen from the list. */
function useLabels(editor: RefObject<QueryEditor | null>, offered: Offered | undefined) {
  const { t } = useTranslation('search');
  const [label, hint] = [t('query'), t('query.placeholder')];
  const list = offered && 'completions';
  const chosen = offered && offered.chosen >= 0 ? `completion-${offered.chosen}` : undefined;
  useEffect(
    () => editor.current?.setLabels({ label, hint, list, chosen }),
    [editor, label, hint, list, chosen],
  );
}

export function QueryBox(props: Props) {
  const { q, error, run } = props;
  const { t } = useTranslation('search');
  const [text, setText] = useState(q);
  const { parent, editor, completion } = useEditor(props, setText);
  useLabels(editor, completion.offered);
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
        {completion.offered && (
          <CompletionList offered={completion.offered} accept={completion.accept} />
        )}
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

function CompletionList({ offered, accept }: { offered: Offered; accept: Completion['accept'] }) {
  const { t } = useTranslation('search');
  const { chosen } = offered;
  useEffect(() => {
    document.getElementById(`completion-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <div
      id="completions"
      className={classes.list}
      role="listbox"
      aria-label={t('complete.list')}
      tabIndex={-1}
      style={{ left: `min(${Math.max(offered.left - 9, -1)}px, calc(100% - 300px))` }}
    >
      {offered.entries.map((entry, index) => (
        <div
          key={entry.text}
          id={`completion-${index}`}
          className={classes.entry}
          role="option"
          aria-selected={index === chosen}
          tabIndex={-1}
          onMouseDown={(event) => {
            // The field keeps the focus.
            event.preventDefault();
            accept(entry);
          }}
        >
          <bdi>{entry.label}</bdi>
          <small>{entry.detail}</small>
        </div>
      ))}
    </div>
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
