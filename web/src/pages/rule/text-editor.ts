import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { Compartment, EditorState, type Range, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  lineNumbers,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { type YamlKind, yamlTokens } from '@/lib/yaml';

const CLASSES: Record<YamlKind, string> = {
  key: 'rule-key',
  text: 'rule-text',
  number: 'rule-number',
  comment: 'rule-comment',
  mark: 'rule-mark',
};

/** A longer line is left without colours. */
const LINE_MAX = 2000;

const marks = Object.fromEntries(
  Object.entries(CLASSES).map(([kind, style]) => [kind, Decoration.mark({ class: style })]),
) as Record<YamlKind, Decoration>;

/** Only what is seen is coloured. */
function colours(view: EditorView): DecorationSet {
  const found: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      if (line.length <= LINE_MAX) {
        for (const token of yamlTokens(line.text)) {
          found.push(marks[token.kind].range(line.from + token.from, line.from + token.to));
        }
      }
      at = line.to + 1;
    }
  }
  return Decoration.set(found);
}

const colouring = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = colours(view);
    }
    update(update: ViewUpdate) {
      if (update.docChanged || update.viewportChanged) this.decorations = colours(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

const setWrong = StateEffect.define<readonly number[]>();
const wrongLine = Decoration.line({ class: 'rule-wrong' });

const wrong = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setWrong)) continue;
      const { doc } = transaction.newDoc.length > 0 ? transaction.state : { doc: undefined };
      if (!doc) return Decoration.none;
      const places = [
        ...new Set(effect.value.map((line) => Math.min(Math.max(line, 1), doc.lines))),
      ];
      const ranges = places
        .sort((a, b) => a - b)
        .map((line) => wrongLine.range(doc.line(line).from));
      return Decoration.set(ranges);
    }
    return lines.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export interface TextEditor {
  text(): string;
  setText(text: string): void;
  /** Lines, from 1, that something is wrong with. */
  setWrong(lines: readonly number[]): void;
  setFixed(fixed: boolean): void;
  goTo(line: number): void;
  destroy(): void;
}

interface Options {
  parent: HTMLElement;
  text: string;
  label: string;
  fixed: boolean;
  changed(text: string): void;
  save(): void;
}

/** Tab leaves the editor, as anywhere on a page; spaces indent. */
export function makeTextEditor(options: Options): TextEditor {
  const fixing = new Compartment();
  const fixed = (is: boolean) => [EditorState.readOnly.of(is), EditorView.editable.of(!is)];
  const save = {
    key: 'Mod-s',
    run: () => {
      options.save();
      return true;
    },
  };
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        keymap.of([save, ...defaultKeymap, ...historyKeymap]),
        colouring,
        wrong,
        fixing.of(fixed(options.fixed)),
        EditorState.tabSize.of(2),
        EditorView.contentAttributes.of({
          'aria-label': options.label,
          spellcheck: 'false',
          autocapitalize: 'off',
          tabindex: '0',
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (text) => {
      if (text === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    setWrong: (lines) => view.dispatch({ effects: setWrong.of(lines) }),
    setFixed: (is) => view.dispatch({ effects: fixing.reconfigure(fixed(is)) }),
    goTo: (line) => {
      const { doc } = view.state;
      const { from } = doc.line(Math.min(Math.max(line, 1), doc.lines));
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}
