import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event, Seven } from '@/api/types';
import { alerts as en } from '@/i18n/en/alerts';
import { alerts as ru } from '@/i18n/ru/alerts';
import { factsOf, sevenSentence, type Translate } from './seven';

const languages: Record<string, Translate> = {};

beforeAll(async () => {
  const instance = i18next.createInstance();
  await instance.init({
    lng: 'en',
    resources: { en: { alerts: en }, ru: { alerts: ru } },
    keySeparator: false,
    interpolation: { escapeValue: false },
  });
  for (const language of ['en', 'ru']) {
    languages[language] = instance.getFixedT(language, 'alerts') as unknown as Translate;
  }
});

const AT = '2026-11-21T11:56:00.978993381Z';

function say(language: 'en' | 'ru', seven: Partial<Seven>, event?: Event): string {
  const t = languages[language] as Translate;
  const when = t('when', { clock: '12:56:00', day: '2026-11-21' });
  const facts = factsOf({ when: AT, ...seven }, event);
  return sevenSentence(facts, when, t)
    .map((piece) => piece.text)
    .join('');
}

const event = (action: string, change: Event = {}): Event => ({
  event: { action, ...(change.outcome ? { outcome: change.outcome } : {}) },
  ...(change.user ? { user: { name: change.user } } : {}),
});

describe('the sentence of the seven', () => {
  it('says who started what', () => {
    const seven = { who: 'root', what: 'Odd program', on_what: 'nmap', where: 'vm' };
    const started = event('process-started', { user: 'root' });
    expect(say('en', seven, started)).toBe(
      'User root started nmap on host vm, at 12:56:00 on 2026-11-21.',
    );
    expect(say('ru', seven, started)).toBe(
      'Пользователь root запустил nmap на хосте vm, 2026-11-21 в 12:56:00.',
    );
  });

  it('says that a login failed, and from where', () => {
    const seven = { who: 'test', on_what: 'sshd', where: 'shop-1', from_where: '198.51.100.61' };
    const failed = event('ssh-login', { user: 'test', outcome: 'failure' });
    expect(say('en', seven, failed)).toBe(
      'User test failed to log in over SSH to host shop-1 from 198.51.100.61, at 12:56:00 on 2026-11-21.',
    );
    expect(say('ru', seven, failed)).toBe(
      'Пользователь test не смог войти по SSH на хост shop-1 с адреса 198.51.100.61, 2026-11-21 в 12:56:00.',
    );
  });

  it('leaves out what is unknown', () => {
    expect(say('en', {}, event('ssh-login'))).toBe(
      'Somebody logged in over SSH, at 12:56:00 on 2026-11-21.',
    );
    expect(say('ru', {}, event('ssh-login'))).toBe('Выполнен вход по SSH, 2026-11-21 в 12:56:00.');
  });

  it('does not let a program start itself', () => {
    const seven = { who: 'cron', on_what: 'cron' };
    expect(say('en', seven, event('process-crashed'))).toContain('cron crashed, at');
    expect(say('ru', seven, event('process-crashed'))).toContain('завершился процесс cron,');
  });

  it('tells accounts that a tool made', () => {
    const seven = { who: 'useradd', on_what: 'mallory' };
    expect(say('en', seven, event('user-added'))).toContain(
      'Program useradd added the account mallory',
    );
    expect(say('ru', seven, event('user-added'))).toContain(
      'Процесс useradd создал учётную запись mallory',
    );
  });

  it('lists what is known of actions it has no verb for', () => {
    const seven = {
      who: 'anna',
      what: 'Odd traffic',
      on_what: '10.0.0.9',
      where: 'gw',
      from_where: '10.0.0.7',
      to_where: '10.0.0.9',
    };
    const odd = event('flow-denied', { user: 'anna' });
    expect(say('en', seven, odd)).toBe(
      'Detected “Odd traffic”: user anna, object 10.0.0.9, host gw, from 10.0.0.7, at 12:56:00 on 2026-11-21.',
    );
    expect(say('ru', seven, odd)).toBe(
      'Обнаружено «Odd traffic»: пользователь anna, объект 10.0.0.9, хост gw, откуда: 10.0.0.7, 2026-11-21 в 12:56:00.',
    );
    expect(say('en', { what: 'Odd traffic' })).toBe(
      'Detected “Odd traffic”, at 12:56:00 on 2026-11-21.',
    );
  });

  it('keeps values out of the words', () => {
    const seven = { who: '{{on}} $t(title)', on_what: '\ue000where\ue001', where: 'vm' };
    const text = say('en', seven, event('process-started', { user: '{{on}} $t(title)' }));
    expect(text).toBe(
      'User {{on}} $t(title) started \ue000where\ue001 on host vm, at 12:56:00 on 2026-11-21.',
    );
  });

  it('has every verb in both languages, with and without an actor', () => {
    for (const key of Object.keys(en).filter((name) => name.startsWith('do.'))) {
      if (key === 'do.other' || key.endsWith('.nobody')) continue;
      expect(en).toHaveProperty([`${key}.nobody`]);
      expect(ru).toHaveProperty([`${key}.nobody`]);
    }
  });
});
