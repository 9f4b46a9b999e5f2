/**
 * The query language as far as an editor needs it: where the parts of a query are, what is typed at the
 * cursor, and how to add a filter. The server reads queries for good and says what is wrong with them.
 */
export type TokenKind =
  | 'field'
  | 'text'
  | 'quoted'
  | 'regex'
  | 'range'
  | 'compare'
  | 'operator'
  | 'minus'
  | 'open'
  | 'close'
  | 'pipe';

export interface Token {
  kind: TokenKind;
  from: number;
  to: number;
  /** The field a value belongs to. */
  field?: string;
  /** A minus or NOT applies, through all parentheses around. */
  negated: boolean;
  /** How many parentheses are open around it. */
  depth: number;
}

const OPERATORS = new Set(['AND', 'OR', 'NOT']);
const NAME = /(?:[\p{L}_@][\p{L}\p{N}_@.-]*|"(?:[^"\\]|\\.)*"):/uy;
const QUOTED = /"(?:[^"\\]|\\[\s\S])*("|$)/y;
const REGEX = /~\/(?:[^/\\]|\\[\s\S])*(\/i?|$)/y;
const RANGE = /[[{][^\]}]*[\]}]?/y;
const COMPARE = /[<>]=?/y;
const BARE = /(?:\\[\s\S]|[^\s()"|\\])+/y;

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match ? at + match[0].length : at;
}

/** A name without its quotes, from `name:` or `"name":`. */
function nameOf(source: string): string {
  const name = source.slice(0, -1);
  return name.startsWith('"') ? unquote(name) : name;
}

export function unquote(source: string): string {
  const closed = source.length > 1 && source.endsWith('"') ? -1 : undefined;
  return source.slice(1, closed).replace(/\\(["\\])/g, '$1');
}

interface Level {
  field?: string;
  negated: boolean;
}

class Scanner {
  readonly tokens: Token[] = [];
  private at = 0;
  private field: string | undefined;
  private negate = false;
  private readonly levels: Level[] = [{ negated: false }];

  constructor(private readonly text: string) {}

  run(): Token[] {
    while (this.at < this.text.length) this.step();
    return this.tokens;
  }

  private get level(): Level {
    return this.levels.at(-1) ?? { negated: false };
  }

  private put(kind: TokenKind, to: number): void {
    const { level } = this;
    const field = this.field ?? level.field;
    const negated = level.negated !== this.negate;
    const depth = this.levels.length - 1;
    this.tokens.push({ kind, from: this.at, to, ...(field && { field }), negated, depth });
    this.at = to;
  }

  /** A value or a text ends what stood before it. */
  private putTerm(kind: TokenKind, to: number): void {
    this.put(kind, to);
    this.field = undefined;
    this.negate = false;
  }

  private step(): void {
    const { text, at } = this;
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      this.at += 1;
      this.field = undefined;
    } else if (char === '|' && this.levels.length === 1) {
      // Behind it is another language: what is made of the events.
      this.put('pipe', at + 1);
      this.at = text.length;
    } else if (char === '(') this.open();
    else if (char === ')') this.close();
    else if (this.field !== undefined) this.value();
    else if (char === '-' && /\S/.test(text.charAt(at + 1))) {
      this.put('minus', at + 1);
      this.negate = !this.negate;
    } else this.term();
  }

  private open(): void {
    this.put('open', this.at + 1);
    const { level } = this;
    this.levels.push({
      field: this.field ?? level.field,
      negated: level.negated !== this.negate,
    });
    this.field = undefined;
    this.negate = false;
  }

  private close(): void {
    if (this.levels.length > 1) this.levels.pop();
    this.put('close', this.at + 1);
    this.negate = false;
  }

  private value(): void {
    const { text, at } = this;
    const compare = matchAt(COMPARE, text, at);
    if (compare > at) {
      this.put('compare', compare);
      return;
    }
    for (const [kind, pattern] of [
      ['quoted', QUOTED],
      ['regex', REGEX],
      ['range', RANGE],
      ['text', BARE],
    ] as const) {
      const end = matchAt(pattern, text, at);
      if (end <= at) continue;
      this.putTerm(kind, end);
      return;
    }
    this.at += 1;
  }

  private term(): void {
    const { text, at } = this;
    const name = this.level.field === undefined ? matchAt(NAME, text, at) : at;
    if (name > at) {
      this.put('field', name);
      this.field = nameOf(text.slice(at, name));
      return;
    }
    const quoted = matchAt(QUOTED, text, at);
    if (quoted > at) {
      // A star right behind a phrase makes its last word a prefix and belongs to it.
      this.putTerm('quoted', text.charAt(quoted) === '*' ? quoted + 1 : quoted);
      return;
    }
    const bare = matchAt(BARE, text, at);
    if (bare === at) {
      this.at += 1;
      return;
    }
    this.word(bare);
  }

  private word(end: number): void {
    const word = this.text.slice(this.at, end);
    if (!OPERATORS.has(word)) {
      this.putTerm('text', end);
      return;
    }
    this.put('operator', end);
    if (word === 'NOT') this.negate = !this.negate;
  }
}

export function tokensOf(query: string): Token[] {
  return new Scanner(query).run();
}

const PLAIN_NAME = /^[\p{L}_@][\p{L}\p{N}_@.-]*$/u;
/** What cannot be taken for a pattern, a number, a network, an operator or anything else. */
const PLAIN_VALUE = /^(?:[\p{L}_][\p{L}\p{N}_.-]*|\/[\p{L}\p{N}_./-]*|\d{1,3}(?:\.\d{1,3}){3})$/u;
const RESERVED = new Set(['AND', 'OR', 'NOT', 'TO']);

export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

export function fieldText(name: string): string {
  return PLAIN_NAME.test(name) ? name : quote(name);
}

/** A value so that it means itself: numbers and booleans bare, text quoted unless that is needless. */
export function valueText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return PLAIN_VALUE.test(value) && !RESERVED.has(value) ? value : quote(value);
}

export interface Filter {
  field: string;
  /** Undefined asks whether the field exists. */
  value?: string | number | boolean;
  negate: boolean;
}

export function filterText({ field, value, negate }: Filter): string {
  const written = value === undefined ? '*' : valueText(value);
  return `${negate ? '-' : ''}${fieldText(field)}:${written}`;
}

/** Where the same filter stands in a query, in either sense. */
function findFilter(query: string, filter: Filter) {
  const wanted = filterText({ ...filter, negate: false });
  const tokens = tokensOf(query);
  for (const [index, token] of tokens.entries()) {
    const value = tokens[index + 1];
    if (token.kind !== 'field' || token.depth !== 0 || value?.from !== token.to) continue;
    if (query.slice(token.from, value.to) !== wanted) continue;
    const minus = tokens[index - 1]?.kind === 'minus';
    return { from: minus ? token.from - 1 : token.from, to: value.to, negate: minus };
  }
  return undefined;
}

/** The query with a filter more. The opposite filter is turned round, the same one is not repeated. */
export function addFilter(query: string, filter: Filter): string {
  const pipe = tokensOf(query).find(({ kind }) => kind === 'pipe');
  if (pipe) return `${addFilter(query.slice(0, pipe.from), filter)} ${query.slice(pipe.from)}`;
  const text = query.trim();
  const term = filterText(filter);
  if (!text) return term;
  const found = findFilter(text, filter);
  if (found) {
    if (found.negate === filter.negate) return text;
    return text.slice(0, found.from) + term + text.slice(found.to);
  }
  const either = tokensOf(text).some(
    ({ kind, depth, from, to }) =>
      kind === 'operator' && depth === 0 && text.slice(from, to) === 'OR',
  );
  return `${either ? `(${text})` : text} ${term}`;
}

/** Whether the query asks for this, outside of any parentheses. */
export function hasFilter(query: string, filter: Filter): boolean {
  return findFilter(query, filter)?.negate === filter.negate;
}

/** The query without a filter, if it stands there, nor the operator that would be left hanging. */
export function removeFilter(query: string, filter: Filter): string {
  const found = findFilter(query, filter);
  if (!found || found.negate !== filter.negate) return query;
  const before = query.slice(0, found.from).trim();
  const after = query.slice(found.to).trim();
  const rest = /(?:^|\s)(?:AND|OR)$/.test(before)
    ? [before.replace(/(?:^|\s+)(?:AND|OR)$/, ''), after]
    : [before, before ? after : after.replace(/^(?:AND|OR)\s+/, '')];
  return rest.filter(Boolean).join(' ');
}

/** An offset in UTF-8 bytes as one in UTF-16 units; within a character it means its beginning. */
export function unitsOfBytes(text: string, bytes: number): number {
  let seen = 0;
  let units = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    seen += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (seen > bytes) return units;
    units += char.length;
  }
  return units;
}

export type Completion =
  | { kind: 'field'; from: number; prefix: string }
  | { kind: 'value'; from: number; prefix: string; field: string };

/** What is being typed at a place of the query, and where its text begins. */
export function completionAt(query: string, at: number): Completion | undefined {
  const tokens = tokensOf(query.slice(0, at));
  const last = tokens.at(-1);
  if (last?.kind === 'pipe') return undefined;
  if (!last || last.to < at) {
    const group = enclosingField(tokens, query.slice(0, at));
    if (group) return { kind: 'value', from: at, prefix: '', field: group };
    return { kind: 'field', from: at, prefix: '' };
  }
  const source = query.slice(last.from, at);
  if (last.kind === 'field') {
    return { kind: 'value', from: at, prefix: '', field: nameOf(source) };
  }
  if (last.kind === 'compare' && last.field) {
    return { kind: 'value', from: at, prefix: '', field: last.field };
  }
  if (last.kind === 'open') {
    return last.field
      ? { kind: 'value', from: at, prefix: '', field: last.field }
      : { kind: 'field', from: at, prefix: '' };
  }
  if (last.kind === 'minus') return { kind: 'field', from: at, prefix: '' };
  if (last.kind === 'quoted' && last.field) {
    return { kind: 'value', from: last.from, prefix: unquote(source), field: last.field };
  }
  if (last.kind !== 'text') return undefined;
  if (last.field) return { kind: 'value', from: last.from, prefix: source, field: last.field };
  return { kind: 'field', from: last.from, prefix: source };
}

/** The field whose group is open at the end: `user.name:(root OR ` */
function enclosingField(tokens: Token[], text: string): string | undefined {
  let open = 0;
  for (const token of tokens.toReversed()) {
    if (token.kind === 'close') open += 1;
    if (token.kind !== 'open') continue;
    if (open === 0) return /\s$/.test(text) ? token.field : undefined;
    open -= 1;
  }
  return undefined;
}
