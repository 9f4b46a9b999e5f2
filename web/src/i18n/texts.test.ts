import { describe, expect, it } from 'vitest';
import { en } from './en';
import { ru } from './ru';

const holes = (text: string) => [...text.matchAll(/{{\w+}}/g)].map(String).sort();
const base = (key: string) => key.replace(/_(one|few|many|other)$/, '');

describe('Russian texts', () => {
  it('have the holes of the English ones', () => {
    for (const [area, texts] of Object.entries(en)) {
      const english = new Map(Object.entries(texts).map(([key, text]) => [base(key), text]));
      for (const [key, text] of Object.entries(ru[area as keyof typeof ru])) {
        expect(holes(text), `${area}:${key}`).toEqual(holes(english.get(base(key)) ?? ''));
      }
    }
  });

  it('are Russian', () => {
    const same = Object.entries(en).flatMap(([area, texts]) =>
      Object.entries(texts)
        // A text of holes and marks alone has no language.
        .filter(([, text]) => /\p{L}/u.test(text.replace(/{{\w+}}/g, '')))
        .filter(([key, text]) => text === (ru as never as Record<string, never>)[area]?.[key])
        .map(([key]) => key),
    );
    const international = [
      'product',
      'zone.utc',
      'user.version',
      'detail.json',
      'query.placeholder',
    ];
    const isWords = (key: string) => {
      const text = Object.values(en).find((texts) => key in texts) as Record<string, string>;
      return /\p{L}/u.test((text[key] ?? '').replace(/{{\w+}}/g, ''));
    };
    expect(same.filter((key) => isWords(key) && !international.includes(key))).toEqual([]);
  });
});
