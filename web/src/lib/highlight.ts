import { tokensOf, unquote } from './query';

/** A stretch of text: `[from, to)` in UTF-16 units. */
export interface Mark {
  from: number;
  to: number;
}

const WORD = /[\p{L}\p{N}_]+/gu;
const BEFORE = '(?<![\\p{L}\\p{N}_])';
const AFTER = '(?![\\p{L}\\p{N}_])';
/** More words than this make a slow pattern and a checkered line. */
const TERMS_MAX = 50;

/** Words side by side, whatever stands between them; words hold no characters of patterns. */
function patternOf(source: string, prefix: boolean): string | undefined {
  const words = source.match(WORD);
  if (!words) return undefined;
  return BEFORE + words.join('[^\\p{L}\\p{N}_]+') + (prefix ? '[\\p{L}\\p{N}_]*' : AFTER);
}

/** A pattern for what a query looks for in messages; undefined when it looks for no words. */
export function highlighterOf(query: string): RegExp | undefined {
  const patterns = new Set<string>();
  for (const token of tokensOf(query)) {
    if (token.negated || (token.field !== undefined && token.field !== 'message')) continue;
    if (token.kind !== 'text' && token.kind !== 'quoted') continue;
    const source = query.slice(token.from, token.to);
    const prefix = source.endsWith('*');
    const bare = prefix ? source.slice(0, -1) : source;
    const pattern = patternOf(token.kind === 'quoted' ? unquote(bare) : bare, prefix);
    if (pattern) patterns.add(pattern);
    if (patterns.size >= TERMS_MAX) break;
  }
  if (patterns.size === 0) return undefined;
  return new RegExp([...patterns].join('|'), 'giu');
}

export function marksOf(text: string, highlighter: RegExp | undefined): Mark[] {
  if (!highlighter) return [];
  const marks: Mark[] = [];
  for (const match of text.matchAll(highlighter)) {
    marks.push({ from: match.index, to: match.index + match[0].length });
  }
  return marks;
}
