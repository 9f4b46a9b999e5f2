import { describe, expect, it } from 'vitest';
import {
  formOf,
  isComplete,
  isMore,
  KINDS,
  newValues,
  settingsOf,
  spokenOf,
  valuesOf,
  withWord,
} from './channel-form';

const telegram = { ...newValues('en', 'UTC'), name: ' ops ', token: '1:A', chat: '-100123' };

describe('settingsOf', () => {
  it('sends what is written, and nothing of what is empty', () => {
    expect(settingsOf('telegram', { ...telegram, thread: '7', timeout: ' ' })).toEqual({
      kind: 'telegram',
      name: 'ops',
      token: '1:A',
      chat: '-100123',
      thread: 7,
      language: 'en',
      timezone: 'UTC',
    });
  });

  it('leaves a wrong number to the server, which says so', () => {
    expect(settingsOf('telegram', { ...telegram, thread: 'x' }).thread).toBe('x');
  });

  it('says no, yes, and nothing of buttons', () => {
    expect('buttons' in settingsOf('telegram', telegram)).toBe(false);
    expect(settingsOf('telegram', { ...telegram, buttons: 'false' }).buttons).toBe(false);
    expect(settingsOf('telegram', { ...telegram, buttons: 'true' }).buttons).toBe(true);
  });

  it('makes lists of addresses and headers of lines', () => {
    const to = 'ops@example.org, Anna <anna@example.org>\n\n b@example.org';
    expect(settingsOf('email', { name: 'mail', to }).to).toEqual([
      'ops@example.org',
      'Anna <anna@example.org>',
      'b@example.org',
    ]);
    const headers = 'X-Team: operations\nX-Url: https://a:1\nstrange';
    expect(settingsOf('webhook', { name: 'hook', headers }).headers).toEqual({
      'X-Team': 'operations',
      'X-Url': 'https://a:1',
      strange: '',
    });
  });

  it('sends nothing of another kind', () => {
    expect(settingsOf('slack', telegram)).toEqual({
      kind: 'slack',
      name: 'ops',
      language: 'en',
      timezone: 'UTC',
    });
  });

  it('keeps a secret by leaving it out, and removes it by sending it empty', () => {
    const values = { name: 'hook', token: '' };
    expect('token' in settingsOf('webhook', values)).toBe(false);
    expect(settingsOf('webhook', values, new Set(['token'])).token).toBe('');
    expect(settingsOf('webhook', { ...values, token: 'new' }, new Set(['token'])).token).toBe(
      'new',
    );
  });

  it('keeps the template as it is written', () => {
    expect(settingsOf('slack', { template: ' {{ time }}\n' }).template).toBe(' {{ time }}\n');
    expect('template' in settingsOf('slack', { template: ' \n' })).toBe(false);
  });
});

describe('valuesOf', () => {
  it('writes settings so that they are sent as they were', () => {
    const settings = {
      kind: 'email',
      name: 'mail',
      server: 'smtps://mail.example.org',
      from: 'watch@example.org',
      to: ['a@example.org', 'b@example.org'],
      insecure: true,
      language: 'ru',
      template: '{{ time }}',
    };
    expect(settingsOf('email', valuesOf('email', settings))).toEqual(settings);
    const quiet = { kind: 'telegram', name: 'ops', chat: '1', thread: 7, buttons: false };
    expect(settingsOf('telegram', valuesOf('telegram', quiet))).toEqual(quiet);
  });
});

describe('isComplete', () => {
  it('wants what a kind needs', () => {
    expect(isComplete('telegram', telegram, undefined)).toBe(true);
    expect(isComplete('telegram', { ...telegram, chat: ' ' }, undefined)).toBe(false);
  });

  it('is content with a secret that is kept', () => {
    const values = { ...telegram, token: '' };
    expect(isComplete('telegram', values, undefined)).toBe(false);
    expect(isComplete('telegram', values, { secrets: ['token'] })).toBe(true);
    expect(isComplete('telegram', values, { secrets: ['token'] }, new Set(['token']))).toBe(false);
  });
});

describe('formOf', () => {
  it('names every key once, the name first', () => {
    for (const kind of KINDS) {
      const { first, more } = formOf(kind);
      const keys = [...first, ...more].map(({ key }) => key);
      expect(keys[0], kind).toBe('name');
      expect(new Set(keys).size, kind).toBe(keys.length);
      expect(
        more.some(({ isRequired }) => isRequired),
        kind,
      ).toBe(false);
    }
    expect(isMore('telegram', 'thread')).toBe(true);
    expect(isMore('telegram', 'token')).toBe(false);
  });
});

it('a preview is asked for without secrets', () => {
  const spoken = spokenOf({ ...settingsOf('telegram', telegram), template: 'x' });
  expect(spoken).toEqual({
    kind: 'telegram',
    name: 'ops',
    language: 'en',
    timezone: 'UTC',
    template: 'x',
  });
});

it('a word stands where the cursor was', () => {
  expect(withWord('a  b', 'time', 2, 2)).toEqual({ template: 'a {{ time }} b', at: 12 });
  expect(withWord('gone', 'time', 0, 4)).toEqual({ template: '{{ time }}', at: 10 });
});
