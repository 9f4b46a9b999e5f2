import { expect, it } from 'vitest';
import { formatNear } from './near';

it('leaves out what is the same as now', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const near = (at: string) => formatNear(Date.parse(at), now, 'utc');
  expect(near('2026-11-21T01:02:03Z')).toBe('01:02:03');
  expect(near('2026-11-20T23:59:59Z')).toBe('11-20 23:59');
  expect(near('2025-11-20T23:59:59Z')).toBe('2025-11-20');
  expect(near('nonsense')).toBe('');
});
