import { describe, expect, it } from 'vitest';
import { yamlTokens } from './yaml';

const parts = (line: string) =>
  yamlTokens(line).map(({ from, to, kind }) => `${kind} ${line.slice(from, to)}`);

describe('a line of a rule', () => {
  it('has keys, values and comments', () => {
    expect(parts('title: Shell of the administrator  # ours')).toEqual([
      'key title',
      'comment # ours',
    ]);
    expect(parts("  user.name|contains: 'a#b'")).toEqual(['key user.name|contains', "text 'a#b'"]);
    expect(parts('  condition: { gte: 5 }')).toEqual([
      'key condition',
      'mark {',
      'key gte',
      'number 5',
      'mark }',
    ]);
    expect(parts('  - "quoted": x')).toEqual(['mark -', 'key "quoted"']);
    expect(parts('---')).toEqual(['mark ---']);
    expect(parts('url: http://x/#y')).toEqual(['key url']);
  });

  it('is never taken apart slowly or beyond its end', () => {
    for (const line of ['', '   ', "'", '"\\', ':::: ####', '-'.repeat(5000), 'a'.repeat(5000)]) {
      const began = performance.now();
      for (const { from, to } of yamlTokens(line)) {
        expect(from < to && to <= line.length).toBe(true);
      }
      expect(performance.now() - began).toBeLessThan(500);
    }
  });
});
