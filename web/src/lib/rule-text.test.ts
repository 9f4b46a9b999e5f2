import { describe, expect, it } from 'vitest';
import { copyOf, difference, samplesOf, template } from './rule-text';

const TWO = `title: Failed
id: aaa
name: failed
level: low
---
title: "Many failed"
id: bbb
correlation: { rules: [failed] }
`;

describe('a copy', () => {
  it('has an id of its own, no name, and says that it is one', () => {
    const copy = copyOf({ text: TWO, id: 'aaa', title: 'Failed' }, 'new', 'copy');
    expect(copy).toBe('title: "Failed (copy)"\nid: new\nlevel: low\n');
    expect(copyOf({ text: TWO, id: 'bbb', title: 'Many failed' }, 'new', 'copy')).toBe(
      'title: "Many failed (copy)"\nid: new\ncorrelation: { rules: [failed] }\n',
    );
    const without = copyOf({ text: 'title: A\nlevel: low\n', title: 'A' }, 'new', 'copy');
    expect(without).toBe('title: "A (copy)"\nid: new\nlevel: low\n');
  });

  it('of nothing is the template', () => {
    expect(template('x').split('\n')[1]).toBe('id: x');
  });
});

describe('a difference', () => {
  const told = (a: string, b: string) => difference(a, b, 1).map(({ sign, text }) => sign + text);
  it('shows what changed with what stands around it', () => {
    expect(told('a\nb\nc\nd\ne', 'a\nb\nX\nd\ne')).toEqual([' b', '-c', '+X', ' d']);
    expect(told('a\nb', 'a\nb')).toEqual([]);
    expect(told('a\nc', 'a\nb\nc')).toEqual([' a', '+b', ' c']);
    expect(told('a\nb\nc\nd', 'x\nb\nc\ny')).toEqual(['-a', '+x', ' b', ' c', '-d', '+y']);
  });

  it('of very long texts is still told', () => {
    const long = (word: string) => Array.from({ length: 2000 }, (_, n) => `${word}${n}`).join('\n');
    expect(difference(long('a'), long('b'))).toHaveLength(4000);
  });
});

describe('samples', () => {
  it('are lines, events or a JSON array of those', () => {
    expect(samplesOf('one\n\n two \n')).toEqual(['one', ' two ']);
    expect(samplesOf('{"a": 1}\n{"b": 2}\nx')).toEqual([{ a: 1 }, { b: 2 }, 'x']);
    expect(samplesOf('["a", ["b", "c"]]')).toEqual(['a', ['b', 'c']]);
    expect(samplesOf('{\n"a": 1\n}')).toEqual([{ a: 1 }]);
    expect(samplesOf('[not json] line')).toEqual(['[not json] line']);
    expect(samplesOf('  ')).toEqual([]);
  });
});
