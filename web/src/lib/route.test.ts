import { describe, expect, it } from 'vitest';
import type { RouteInfo } from '@/api/types';
import { channelState } from './channel';
import { clausesOf, reactUntil, routeToml, spanText } from './route';

const plain: RouteInfo = {
  when: '',
  hours: '',
  channels: ['ops'],
  group: 'story',
  after: 1,
  within: '',
  digest: '',
  rate: '',
  escalate_after: '',
  escalate_channels: [],
};

describe('clausesOf', () => {
  it('says nothing of what is not asked for', () => {
    expect(clausesOf(plain)).toEqual([]);
  });

  it('says everything that is', () => {
    const route: RouteInfo = {
      ...plain,
      hours: 'Mon-Fri',
      after: 5,
      within: '10m',
      digest: '1h',
      rate: '20/m',
      group: 'none',
      escalate_after: '15m',
      escalate_channels: ['boss', 'phones'],
    };
    expect(clausesOf(route)).toEqual([
      { key: 'hours', hours: 'Mon-Fri' },
      { key: 'within', n: '5', span: '10 minutes' },
      { key: 'each' },
      { key: 'digest', span: '1 hour' },
      { key: 'rate.m', n: '20' },
      { key: 'escalate', span: '15 minutes', channels: 'boss, phones' },
    ]);
  });

  it('knows every way to write a rate', () => {
    expect(clausesOf({ ...plain, rate: 'none' })).toEqual([{ key: 'rate.none' }]);
    expect(clausesOf({ ...plain, rate: '2/d' })).toEqual([{ key: 'rate.d', n: '2' }]);
    expect(clausesOf({ ...plain, rate: '3/fortnight' })).toEqual([
      { key: 'rate.other', rate: '3/fortnight' },
    ]);
  });

  it('counts without a time too', () => {
    expect(clausesOf({ ...plain, after: 3 })).toEqual([{ key: 'after', n: '3' }]);
  });
});

describe('spanText', () => {
  it('takes the largest unit that needs no fraction', () => {
    expect(spanText('90m')).toBe('90 minutes');
    expect(spanText('1h30m')).toBe('90 minutes');
    expect(spanText('2d')).toBe('2 days');
    expect(spanText('500ms')).toBe('500ms');
  });
});

describe('reactUntil', () => {
  const message = { channel: 'boss', created: '2026-11-22T08:00:00Z' };
  const route = { ...plain, escalate_after: '15m', escalate_channels: ['boss'] };

  it('is what the one route says that names the channel', () => {
    expect(reactUntil(message, [plain, route])).toBe(Date.parse('2026-11-22T08:15:00Z'));
    expect(reactUntil(message, [route, { ...route, escalate_after: '1h' }])).toBeUndefined();
    expect(reactUntil(message, [plain])).toBeUndefined();
  });
});

describe('routeToml', () => {
  it('writes what differs from the usual', () => {
    expect(routeToml(plain)).toBe('[[route]]\nchannels = ["ops"]\n');
    const route: RouteInfo = {
      ...plain,
      when: 'rule.name:"SSH \\ \u007f"',
      channels: ['ops', 'chat'],
      after: 5,
      within: '10m',
      group: 'none',
      escalate_after: '15m',
      escalate_channels: ['boss'],
    };
    expect(routeToml(route)).toBe(
      [
        '[[route]]',
        'when = "rule.name:\\"SSH \\\\ \\u007F\\""',
        'channels = ["ops", "chat"]',
        'group = "none"',
        'after = 5',
        'within = "10m"',
        'escalate = { after = "15m", channels = ["boss"] }',
        '',
      ].join('\n'),
    );
  });
});

describe('channelState', () => {
  it('is the worst there is to say', () => {
    const channel = { name: 'ops', kind: 'telegram', down: false, messages: {} };
    expect(channelState(channel)).toBe('idle');
    expect(channelState({ ...channel, messages: { sent: 2 } })).toBe('ok');
    expect(channelState({ ...channel, error: 'refused' })).toBe('trouble');
    expect(channelState({ ...channel, error: 'refused', down: true })).toBe('down');
    expect(channelState({ ...channel, kind: undefined, down: true })).toBe('gone');
  });
});
