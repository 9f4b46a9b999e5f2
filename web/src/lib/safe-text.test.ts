import { describe, expect, it } from 'vitest';
import { cut, isPlain, safePieces, safeString } from './safe-text';

describe('safe text', () => {
  it('leaves plain text alone, in any script', () => {
    for (const text of ['plain', 'Ошибка диска', '日本語 שלום', 'émoji 😀', '<b>&amp;']) {
      expect(isPlain(text)).toBe(true);
    }
  });

  it('shows control characters as symbols', () => {
    expect(safeString('a\u001b[31mb\u0000\n\t\r\u007f')).toBe('a␛[31mb␀⏎⇥␍␡');
    expect(safeString('\u009b31m')).toBe('U+009B31m');
    expect(safePieces('a\nb\tc', { keepLines: true })).toEqual([{ text: 'a\nb\tc' }]);
  });

  it('shows what turns or hides text as marked code points', () => {
    expect(safePieces('x\u202ey')).toEqual([
      { text: 'x' },
      { text: 'U+202E', hidden: 'U+202E RIGHT-TO-LEFT OVERRIDE' },
      { text: 'y' },
    ]);
    const all = '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b';
    const more = '\u200d\ufeff\u00ad\u2028\u2029\u{e0041}\ufe0f\u3164\u2800\ue000\ud800';
    for (const char of all + more) expect(safePieces(char)[0]?.hidden).toMatch(/^U\+/);
  });

  it('cuts between characters', () => {
    expect(cut('ab😀', 3)).toBe('ab');
    expect(cut('ab😀', 4)).toBe('ab😀');
    expect(cut('abc', 2)).toBe('ab');
  });
});
