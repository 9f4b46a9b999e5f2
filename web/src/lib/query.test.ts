import { describe, expect, it } from 'vitest';
import { addFilter, completionAt, fieldText, tokensOf, unitsOfBytes, valueText } from './query';

const kinds = (query: string) =>
  tokensOf(query).map((token) => `${token.kind}:${query.slice(token.from, token.to)}`);

describe('tokensOf', () => {
  it('finds fields, values and operators', () => {
    expect(kinds('error -host.name:web-1 OR "a b"* bytes:[1 TO 2]')).toEqual([
      'text:error',
      'minus:-',
      'field:host.name:',
      'text:web-1',
      'operator:OR',
      'quoted:"a b"*',
      'field:bytes:',
      'range:[1 TO 2]',
    ]);
    expect(kinds('message:~/a\\/ b/i http.status:>=500 "a:b":1')).toEqual([
      'field:message:',
      'regex:~/a\\/ b/i',
      'field:http.status:',
      'compare:>=',
      'text:500',
      'field:"a:b":',
      'text:1',
    ]);
  });

  it('ends at a pipe, and not at one in a text', () => {
    expect(kinds('"a|b" x:~/c|d/ e\\|f|stats count()')).toEqual([
      'quoted:"a|b"',
      'field:x:',
      'regex:~/c|d/',
      'text:e\\|f',
      'pipe:|',
    ]);
    expect(completionAt('error | top us', 14)).toBeUndefined();
    expect(addFilter('a OR b | top x', { field: 'y', value: 1, negate: false })).toBe(
      '(a OR b) y:1 | top x',
    );
    expect(addFilter('| top x', { field: 'y', negate: true })).toBe('-y:* | top x');
  });

  it('carries negation and fields into groups', () => {
    const [, , , root, , admin] = tokensOf('NOT user.name:(root OR admin)');
    expect([root?.field, root?.negated, root?.depth]).toEqual(['user.name', true, 1]);
    expect(admin?.negated).toBe(true);
    expect(tokensOf('-(a -b) c').map((token) => token.negated)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('ends with any text', () => {
    for (const text of [
      '"open',
      'a:',
      'a:(',
      ')))',
      '||',
      'a:~/x',
      '\\',
      '- -',
      'x:[1 TO',
      ':',
      '"',
    ]) {
      expect(() => tokensOf(text)).not.toThrow();
    }
  });
});

describe('filters', () => {
  it('quotes what would mean something else', () => {
    expect(valueText('web-1')).toBe('web-1');
    expect(valueText('/var/log/auth.log')).toBe('/var/log/auth.log');
    expect(valueText('10.0.0.7')).toBe('10.0.0.7');
    expect(valueText('a b')).toBe('"a b"');
    expect(valueText('say "x" \\ y')).toBe('"say \\"x\\" \\\\ y"');
    for (const text of [
      '*',
      'a*',
      '500',
      '-x',
      'OR',
      'TO',
      '',
      '10.0.0.0/8',
      '>5',
      '[a',
      '~/x/',
      'a:b',
    ]) {
      expect(valueText(text)).toBe(`"${text}"`);
    }
    expect(valueText(500)).toBe('500');
    expect(valueText(true)).toBe('true');
    expect(fieldText('5xx count')).toBe('"5xx count"');
  });

  it('adds, turns round and does not repeat', () => {
    const filter = { field: 'host.name', value: 'web-1', negate: false };
    const out = { ...filter, negate: true };
    expect(addFilter('', filter)).toBe('host.name:web-1');
    expect(addFilter(' error ', filter)).toBe('error host.name:web-1');
    expect(addFilter('a OR b', out)).toBe('(a OR b) -host.name:web-1');
    expect(addFilter('(a OR b) c', filter)).toBe('(a OR b) c host.name:web-1');
    expect(addFilter('x host.name:web-1', filter)).toBe('x host.name:web-1');
    expect(addFilter('x host.name:web-1 y', out)).toBe('x -host.name:web-1 y');
    expect(addFilter('-host.name:web-1', filter)).toBe('host.name:web-1');
    expect(addFilter('host.name:web-10', filter)).toBe('host.name:web-10 host.name:web-1');
    expect(addFilter('', { field: 'user.name', negate: true })).toBe('-user.name:*');
  });
});

describe('unitsOfBytes', () => {
  it('counts bytes of UTF-8 into units of UTF-16', () => {
    expect(unitsOfBytes('abc', 2)).toBe(2);
    expect(unitsOfBytes('ошибка (', 12)).toBe(6);
    expect(unitsOfBytes('😀x', 4)).toBe(2);
    expect(unitsOfBytes('😀x', 2)).toBe(0);
    expect(unitsOfBytes('ab', 99)).toBe(2);
  });
});

describe('completionAt', () => {
  const at = (text: string) => completionAt(text, text.length);
  it('tells fields from values', () => {
    expect(at('')).toEqual({ kind: 'field', from: 0, prefix: '' });
    expect(at('error ho')).toEqual({ kind: 'field', from: 6, prefix: 'ho' });
    expect(at('-ho')).toEqual({ kind: 'field', from: 1, prefix: 'ho' });
    expect(at('host.name:')).toEqual({ kind: 'value', from: 10, prefix: '', field: 'host.name' });
    expect(at('host.name:we')).toEqual({
      kind: 'value',
      from: 10,
      prefix: 'we',
      field: 'host.name',
    });
    expect(at('host.name:"a b')).toEqual({
      kind: 'value',
      from: 10,
      prefix: 'a b',
      field: 'host.name',
    });
    expect(at('user.name:(root OR ')).toEqual({
      kind: 'value',
      from: 19,
      prefix: '',
      field: 'user.name',
    });
    expect(at('user.name:(root OR ad')).toMatchObject({ prefix: 'ad', field: 'user.name' });
    expect(at('"a phrase')).toBeUndefined();
  });
});
