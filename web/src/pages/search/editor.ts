import { history, historyKeymap } from '@codemirror/commands';
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
import type { Mistake } from './mistake';

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
  pipe: 'query-operator',
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
  run(text: string): void;
  leave(): void;
  /** The text changed, by typing or from outside. */
  changed(text: string, typed: boolean): void;
  blurred(): void;
  /** Keys that the open list of completions may want; true when it took one. */
  key(name: string): boolean;
  /** Completions are wanted although nothing was typed. */
  ask(): void;
}

export interface Labels {
  label: string;
  hint: string;
  /** The list of completions and its chosen entry, by their ids. */
  list?: string;
  chosen?: string;
}

export interface QueryEditor {
  setText(text: string): void;
  text(): string;
  cursor(): number;
  /** Pixels from the editor's left edge to a place of the text. */
  leftOf(at: number): number;
  /** Puts a text in place of what stands between `from` and the cursor. */
  complete(from: number, text: string): void;
  setMistake(mistake: Mistake | undefined): void;
  setLabels(labels: Labels): void;
  focus(): void;
  destroy(): void;
}

function keys(options: EditorOptions) {
  const offered = ['ArrowDown', 'ArrowUp', 'Tab', 'Enter', 'Escape'];
  return keymap.of([
    ...offered.map((key) => ({ key, run: () => options.key(key) })),
    {
      key: 'Enter',
      run: (view) => {
        options.run(view.state.doc.toString());
        return true;
      },
    },
    {
      key: 'Shift-Enter',
      run: (view) => {
        view.dispatch(view.state.replaceSelection('\n'), { scrollIntoView: true });
        return true;
      },
    },
    {
      key: 'Escape',
      run: (view) => {
        view.contentDOM.blur();
        options.leave();
        return true;
      },
    },
    {
      key: 'Ctrl-Space',
      run: () => {
        options.ask();
        return true;
      },
    },
    {
      // An empty box offers what was asked before; elsewhere the arrow moves as ever.
      key: 'ArrowDown',
      run: (view) => {
        if (view.state.doc.length === 0) options.ask();
        return view.state.doc.length === 0;
      },
    },
    // Browsers know all other keys of a text field.
    ...historyKeymap,
  ]);
}

function attributes({ label, hint, list, chosen }: Labels) {
  return [
    EditorView.contentAttributes.of({
      'aria-label': label,
      'aria-autocomplete': 'list',
      'aria-haspopup': 'listbox',
      ...(list && { 'aria-controls': list }),
      ...(chosen && { 'aria-activedescendant': chosen }),
    }),
    placeholder(hint),
  ];
}

function extensions(options: EditorOptions) {
  return [
    history(),
    keys(options),
    mistakes,
    colouring,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ spellcheck: 'false', autocapitalize: 'off' }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      const typed = update.transactions.some(
        (one) => one.isUserEvent('input.type') || one.isUserEvent('delete'),
      );
      options.changed(update.state.doc.toString(), typed);
    }),
    EditorView.domEventHandlers({ blur: () => options.blurred() }),
  ];
}

export function makeEditor(options: EditorOptions): QueryEditor {
  const labels = new Compartment();
  const none = attributes({ label: '', hint: '' });
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [...extensions(options), labels.of(none)],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    cursor: () => view.state.selection.main.head,
    leftOf: (at) => {
      const place = view.coordsAtPos(Math.min(at, view.state.doc.length));
      return place ? place.left - view.dom.getBoundingClientRect().left : 0;
    },
    complete: (from, text) => {
      const to = view.state.selection.main.head;
      view.dispatch({
        changes: { from, to, insert: text },
        selection: { anchor: from + text.length },
        scrollIntoView: true,
      });
    },
    setText: (text) => {
      const { length } = view.state.doc;
      view.dispatch({
        changes: { from: 0, to: length, insert: text },
        selection: { anchor: text.length },
      });
    },
    setMistake: (mistake) => view.dispatch({ effects: setMistake.of(mistake) }),
    setLabels: (next) => view.dispatch({ effects: labels.reconfigure(attributes(next)) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
