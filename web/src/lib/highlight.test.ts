import { describe, expect, it } from 'vitest';
import { highlighterOf, marksOf } from './highlight';

const marked = (query: string, text: string) =>
  marksOf(text, highlighterOf(query)).map(({ from, to }) => text.slice(from, to));

describe('marks', () => {
  it('marks whole words, phrases and prefixes without case', () => {
    expect(marked('error', 'Error: terror, ERROR_2 error')).toEqual(['Error', 'error']);
    expect(marked('"connection refused"', 'connection - refused')).toEqual([
      'connection - refused',
    ]);
    expect(marked('fail*', 'Failed to fail')).toEqual(['Failed', 'fail']);
    expect(marked('ошибка', 'Ошибка записи')).toEqual(['Ошибка']);
    expect(marked('10.0.0.7', 'from 10.0.0.7 to 10.0.0.70')).toEqual(['10.0.0.7']);
  });

  it('marks neither what is excluded nor what other fields ask for', () => {
    expect(marked('-error NOT warn host.name:web message:disk', 'error warn web disk')).toEqual([
      'disk',
    ]);
    expect(highlighterOf('host.name:x -a')).toBeUndefined();
    expect(marked('*', 'anything')).toEqual([]);
  });
});
