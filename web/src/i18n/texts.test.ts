import { describe, expect, it } from 'vitest';
import { en as english } from './en';
import { audit as auditEn } from './en/audit';
import { channels as channelsEn } from './en/channels';
import { delivery as deliveryEn } from './en/delivery';
import { host as hostEn } from './en/host';
import { reports as reportsEn } from './en/reports';
import { rules as rulesEn } from './en/rules';
import { silences as silencesEn } from './en/silences';
import { ru as russian } from './ru';
import { audit as auditRu } from './ru/audit';
import { channels as channelsRu } from './ru/channels';
import { delivery as deliveryRu } from './ru/delivery';
import { host as hostRu } from './ru/host';
import { reports as reportsRu } from './ru/reports';
import { rules as rulesRu } from './ru/rules';
import { silences as silencesRu } from './ru/silences';

const en = {
  ...english,
  audit: auditEn,
  channels: channelsEn,
  delivery: deliveryEn,
  host: hostEn,
  reports: reportsEn,
  rules: rulesEn,
  silences: silencesEn,
};
const ru = {
  ...russian,
  audit: auditRu,
  channels: channelsRu,
  delivery: deliveryRu,
  host: hostRu,
  reports: reportsRu,
  rules: rulesRu,
  silences: silencesRu,
};

const holes = (text: string) => [...text.matchAll(/{{\w+}}/g)].map(String).sort();
const base = (key: string) => key.replace(/_(one|few|many|other)$/, '');

/** English shows the server's own sentence; another language makes its own of the numbers in it. */
const SERVERS = ['{{what}}', '{{remedy}}'];
const FINDING_HOLES = 'n host agent stream name detail reason records size span limit since'
  .split(' ')
  .map((name) => `{{${name}}}`);

describe('Russian texts', () => {
  it('have the holes of the English ones', () => {
    for (const [area, texts] of Object.entries(en)) {
      const sources = new Map(Object.entries(texts).map(([key, text]) => [base(key), text]));
      for (const [key, text] of Object.entries(ru[area as keyof typeof ru])) {
        const source = sources.get(base(key)) ?? '';
        if (SERVERS.includes(source)) continue;
        expect(holes(text), `${area}:${key}`).toEqual(holes(source));
      }
    }
  });

  it('say in their own order what the server says in English', () => {
    for (const [key, text] of Object.entries(ru.delivery)) {
      if (key.startsWith('finding.') && !key.startsWith('finding.records')) {
        for (const hole of holes(text)) expect(FINDING_HOLES, key).toContain(hole);
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
