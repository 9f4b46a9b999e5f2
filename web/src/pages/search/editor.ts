import {
  autocompletion,
  type CompletionSource,
  closeCompletion,
  completionKeymap,
  completionStatus,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { Compartment, EditorState, type Range, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  placeholder,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { type TokenKind, tokensOf } from '@/lib/query';

/** Where a query cannot be read, in UTF-16 units. */
export interface Mistake {
  from: number;
  to: number;
}

const setMistake = StateEffect.define<Mistake | undefined>();
const underline = Decoration.mark({ class: 'query-mistake' });

/** An empty place is shown on the character before it, or else behind it. */
function widened({ from, to }: Mistake, length: number): Mistake {
  const start = Math.min(from, length);
  const end = Math.min(Math.max(to, start), length);
  if (end > start) return { from: start, to: end };
  return start > 0 ? { from: start - 1, to: start } : { from: 0, to: Math.min(1, length) };
}

const mistakes = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setMistake)) continue;
      if (!effect.value || transaction.newDoc.length === 0) return Decoration.none;
      const { from, to } = widened(effect.value, transaction.newDoc.length);
      return Decoration.set(underline.range(from, to));
    }
    // What is typed may be the repair: the old place means nothing any more.
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const CLASSES: Partial<Record<TokenKind, string>> = {
  field: 'query-field',
  quoted: 'query-quoted',
  regex: 'query-quoted',
  operator: 'query-operator',
  minus: 'query-operator',
  compare: 'query-operator',
  range: 'query-quoted',
};

function colours(state: EditorState): DecorationSet {
  const marks: Range<Decoration>[] = [];
  for (const token of tokensOf(state.doc.toString())) {
    const style = CLASSES[token.kind];
    if (style) marks.push(Decoration.mark({ class: style }).range(token.from, token.to));
  }
  return Decoration.set(marks);
}

const colouring = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = colours(view.state);
    }
    update(update: ViewUpdate) {
      if (update.docChanged) this.decorations = colours(update.state);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

export interface EditorOptions {
  parent: HTMLElement;
  text: string;
  label: string;
  placeholder: string;
  complete: CompletionSource;
  run(text: string): void;
  leave(): void;
  changed(text: string): void;
}

export interface QueryEditor {
  setText(text: string): void;
  text(): string;
  setMistake(mistake: Mistake | undefined): void;
  setLabels(label: string, hint: string): void;
  focus(): void;
  destroy(): void;
}

function keys(options: EditorOptions) {
  return keymap.of([
    {
      key: 'Enter',
      run: (view) => {
        closeCompletion(view);
        options.run(view.state.doc.toString());
        return true;
      },
    },
    {
      key: 'Escape',
      run: (view) => {
        if (completionStatus(view.state)) return closeCompletion(view);
        view.contentDOM.blur();
        options.leave();
        return true;
      },
    },
    {
      // An empty box offers what was asked before; elsewhere the arrow moves as ever.
      key: 'ArrowDown',
      run: (view) =>
        view.state.doc.length === 0 && !completionStatus(view.state) && startCompletion(view),
    },
    ...historyKeymap,
    // Shift-Enter is a new line there; Tab stays the key to the next control.
    ...defaultKeymap.filter((binding) => binding.key !== 'Enter'),
    { key: 'Shift-Enter', run: (view) => insertLine(view) },
  ]);
}

function insertLine(view: EditorView): boolean {
  view.dispatch(view.state.replaceSelection('\n'), { scrollIntoView: true });
  return true;
}

export function makeEditor(options: EditorOptions): QueryEditor {
  const labels = new Compartment();
  const labelled = (label: string, hint: string) => [
    EditorView.contentAttributes.of({ 'aria-label': label }),
    placeholder(hint),
  ];
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        history(),
        // Nothing is chosen by itself: Enter runs the query unless an arrow has chosen an entry.
        autocompletion({
          override: [options.complete],
          selectOnOpen: false,
          icons: false,
          defaultKeymap: false,
          interactionDelay: 0,
        }),
        keymap.of(completionKeymap.filter((binding) => binding.key !== 'Escape')),
        keys(options),
        mistakes,
        colouring,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ spellcheck: 'false', autocapitalize: 'off' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.changed(update.state.doc.toString());
        }),
        labels.of(labelled(options.label, options.placeholder)),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (text) => {
      const { length } = view.state.doc;
      view.dispatch({
        changes: { from: 0, to: length, insert: text },
        selection: { anchor: text.length },
      });
    },
    setMistake: (mistake) => view.dispatch({ effects: setMistake.of(mistake) }),
    setLabels: (label, hint) =>
      view.dispatch({ effects: labels.reconfigure(labelled(label, hint)) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
