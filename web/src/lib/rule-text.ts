/** A rule to begin with. */
export const template = (id: string): string => `title: What it finds, in a few words
id: ${id}
description: Why it matters, and what to do about it.
logsource: { product: linux, service: sshd }
detection:
  selection:
    event.action: ssh-login
    event.outcome: success
    user.name: root
  condition: selection
level: medium
`;

const ID = /^id:[^\n]*$/m;
const NAME = /^name:[^\n]*\n?/m;
const TITLE = /^title:[ \t]*(.*)$/m;

/** The document of a text that a rule stands in: a file may hold several. */
function documentOf(text: string, id: string | undefined, title: string): string {
  const documents = text.split(/^---[^\n]*\n/m).filter((one) => one.trim() !== '');
  const has = (one: string) =>
    id === undefined ? one.includes(`title: ${title}`) : one.includes(`id: ${id}`);
  return documents.find(has) ?? documents[0] ?? text;
}

/** A copy of a rule as one's own: with an id of its own, and no name that others refer to. */
export function copyOf(
  rule: { text: string; id?: string; title: string },
  id: string,
  word: string,
): string {
  const text = documentOf(rule.text, rule.id, rule.title).replace(NAME, '');
  const titled = text.replace(TITLE, (_, title: string) => {
    const plain = title.trim().replace(/^(["'])(.*)\1$/, '$2');
    return `title: ${JSON.stringify(`${plain} (${word})`)}`;
  });
  if (ID.test(titled)) return titled.replace(ID, `id: ${id}`);
  return titled.replace(/^title:[^\n]*\n?/m, (line) => `${line.replace(/\n?$/, '\n')}id: ${id}\n`);
}

export interface DiffLine {
  sign: ' ' | '+' | '-';
  text: string;
}

/** Lines beyond this are not compared one by one. */
const LINES_MAX = 1500;

/** What changed from one text to another, line by line; equal lines far from a change are left out. */
export function difference(before: string, after: string, around = 2): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end += 1;
  }
  const lines = [
    ...a.slice(0, start).map((text) => ({ sign: ' ', text }) as const),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map((text) => ({ sign: ' ', text }) as const),
  ];
  const near = (at: number) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some(({ sign }) => sign !== ' ');
  return lines.filter((_, at) => near(at));
}

function middle(a: string[], b: string[]): DiffLine[] {
  const gone = (text: string): DiffLine => ({ sign: '-', text });
  const come = (text: string): DiffLine => ({ sign: '+', text });
  if (a.length > LINES_MAX || b.length > LINES_MAX) return [...a.map(gone), ...b.map(come)];
  // How long the longest common part of what follows is.
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [old = '', fresh = ''] = [a[i], b[j]];
    if (i < a.length && j < b.length && old === fresh) {
      lines.push({ sign: ' ', text: old });
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(old));
      i += 1;
    } else {
      lines.push(come(fresh));
      j += 1;
    }
  }
  return lines;
}

/** Samples as they are written: an array of JSON, an event, or lines, one sample each. */
export function samplesOf(text: string): unknown[] {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    try {
      const value: unknown = JSON.parse(trimmed);
      return Array.isArray(value) ? value : [value];
    } catch {
      // Perhaps one event a line, or a log whose lines begin so.
    }
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    if (!line.startsWith('{')) return line;
    try {
      return JSON.parse(line) as unknown;
    } catch {
      return line;
    }
  });
}
