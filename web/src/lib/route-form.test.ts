import { describe, expect, it } from 'vitest';
import { ApiError } from '@/api/client';
import { keyAmong, mistakeOf } from './mistake';
import {
  configuredOf,
  draftOf,
  infoOf,
  keysOf,
  newRoute,
  ownOf,
  settingsOfDraft,
  swapped,
  wrongIn,
} from './route-form';

const full = {
  when: 'host.name:db',
  hours: 'Mon-Fri',
  channels: ['ops'],
  group: 'none' as const,
  after: 5,
  within: '10m',
  digest: '1h',
  rate: '20/m',
  escalate: { after: '15m', channels: ['boss'] },
};

describe('a route', () => {
  it('is sent as it was written', () => {
    expect(settingsOfDraft(draftOf(full))).toEqual(full);
    expect(ownOf(infoOf(full))).toEqual(full);
  });

  it('says nothing of what is not asked for', () => {
    expect(settingsOfDraft(newRoute(['ops']))).toEqual({
      when: 'watchpost.alert.severity:>=medium',
      hours: '',
      channels: ['ops'],
      group: 'story',
      digest: '',
      rate: '',
    });
    expect(newRoute(['ops', 'chat']).channels).toEqual([]);
  });

  it('is wrong where one half is missing', () => {
    const draft = newRoute(['ops']);
    expect(wrongIn(draft)).toBeUndefined();
    expect(wrongIn({ ...draft, after: 'x' })).toBe('after');
    expect(wrongIn({ ...draft, after: '0' })).toBe('after');
    expect(wrongIn({ ...draft, within: '10m' })).toBe('within');
    expect(wrongIn({ ...draft, within: '10m', after: '2' })).toBeUndefined();
    expect(wrongIn({ ...draft, escalateAfter: '15m' })).toBe('escalate');
    expect(wrongIn({ ...draft, escalateChannels: ['boss'] })).toBe('escalate');
  });
});

describe('routes', () => {
  it('of the configuration are those that were not made here', () => {
    const other = { ...full, channels: ['chat'] };
    const all = [full, other, full].map(infoOf);
    expect(configuredOf(all, [full])).toEqual([full, other].map(infoOf));
    expect(configuredOf(all, [])).toEqual(all);
  });

  it('change places, and stay where there is none', () => {
    expect(swapped(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
    expect(swapped(['a', 'b'], 1, 1)).toEqual(['a', 'b']);
  });

  it('that are the same have keys of their own', () => {
    expect(new Set(keysOf(['a', 'b', 'a'])).size).toBe(3);
  });
});

describe('a mistake', () => {
  const failure = (key: unknown, status = 400) =>
    new ApiError('bad_request', 'is missing', status, { key } as never);

  it('is of a key, and of one route among several', () => {
    expect(mistakeOf(failure('token'))).toEqual({ key: 'token', message: 'is missing' });
    expect(mistakeOf(failure('route[2].when'))).toMatchObject({ key: 'when', place: 2 });
    expect(mistakeOf(failure('channel[0].headers.X-Team'))).toMatchObject({
      key: 'headers.X-Team',
      place: 0,
    });
  });

  it('is not made of other failures', () => {
    expect(mistakeOf(failure('token', 409))).toBeUndefined();
    expect(mistakeOf(failure(7))).toBeUndefined();
    expect(mistakeOf(new Error('token'))).toBeUndefined();
  });

  it('in a part of a field is the field’s', () => {
    const mistake = mistakeOf(failure('headers.X-Team'));
    expect(keyAmong(mistake, ['url', 'headers'])).toBe('headers');
    expect(keyAmong(mistake, ['head'])).toBeUndefined();
    expect(keyAmong(undefined, ['url'])).toBeUndefined();
  });
});
