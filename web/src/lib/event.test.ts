import { describe, expect, it } from 'vitest';
import type { Event } from '@/api/types';
import { fieldOf, flatten, idOf, leavesOf, sourceOf, textOf } from './event';
import { Ring } from './ring';

const event: Event = {
  message: 'm',
  '@timestamp': '2026-11-21T11:33:17.359198569Z',
  agent: { id: 'a' },
  log: { file: { path: '/var/log/auth.log' } },
  event: { category: ['process', 'file'] },
  watchpost: { epoch: 'e', stream: 'file:/x', position: 7 },
  'dotted.name': { inner: 1 },
};

describe('events', () => {
  it('have an id made of where they came from', () => {
    expect(idOf(event)).toBe('a/e/file:/x@7.0');
    expect(idOf({ message: 'x' })).toBeUndefined();
  });

  it('give fields by dotted names', () => {
    expect(fieldOf(event, 'log.file.path')).toBe('/var/log/auth.log');
    expect(fieldOf(event, 'dotted.name.inner')).toBe(1);
    expect(fieldOf(event, 'log.none')).toBeUndefined();
    expect(fieldOf(event, '__proto__.x')).toBeUndefined();
    expect(textOf(['a', 1])).toBe('a, 1');
    expect(leavesOf(['a', null, { x: 1 }, 2])).toEqual(['a', 2]);
    expect(sourceOf(event)).toBe('auth.log');
  });

  it('flatten with the important first, within limits', () => {
    expect(flatten(event).fields.map((field) => field.name)).toEqual([
      '@timestamp',
      'message',
      'agent.id',
      'dotted.name.inner',
      'event.category',
      'log.file.path',
      'watchpost.epoch',
      'watchpost.position',
      'watchpost.stream',
    ]);
    let deep: Event = { x: 1 };
    for (let i = 0; i < 5000; i += 1) deep = { d: deep };
    expect(flatten(deep).fields).toHaveLength(1);
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]));
    expect(flatten(wide)).toMatchObject({ cut: true });
  });
});

describe('Ring', () => {
  it('keeps the newest', () => {
    const ring = new Ring<number>(3);
    for (let i = 0; i < 5; i += 1) ring.push(i);
    expect([...ring.oldestFirst()]).toEqual([2, 3, 4]);
    expect([ring.newest(0), ring.newest(2), ring.newest(3)]).toEqual([4, 2, undefined]);
    expect([ring.size, ring.added]).toEqual([3, 5]);
    ring.clear();
    expect(ring.newest(0)).toBeUndefined();
  });
});
