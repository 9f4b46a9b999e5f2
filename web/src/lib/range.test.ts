import { describe, expect, it } from 'vitest';
import { backOf, momentOf, quickParts, spanOf, wider, zoomIn, zoomOut } from './range';
import { formatMoment, formatSpan, parseMoment } from './time';

const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

describe('ranges', () => {
  it('reads relative and absolute ends', () => {
    expect(backOf('-1h30m')).toBe(5_400_000);
    expect(backOf('now-1d')).toBe(24 * HOUR);
    expect(backOf('now')).toBe(0);
    expect(backOf('')).toBeUndefined();
    expect(backOf('-1y')).toBeUndefined();
    expect(momentOf('2026-11-21T11:00:00Z', NOW)).toBe(NOW - HOUR);
    expect(momentOf('2026-11-21T13:00:00+02:00', NOW)).toBe(NOW - HOUR);
    expect(momentOf('yesterday', NOW)).toBeUndefined();
  });

  it('falls back to the last hour', () => {
    const hour = { from: NOW - HOUR, to: NOW };
    expect(spanOf({ from: '-1h', to: 'now' }, NOW)).toEqual(hour);
    expect(spanOf({ from: 'x', to: 'now' }, NOW)).toEqual(hour);
    expect(spanOf({ from: 'now', to: '-1h' }, NOW)).toEqual(hour);
  });

  it('zooms around the middle and not into the future', () => {
    expect(zoomIn({ from: 0, to: 400 })).toEqual({ from: 100, to: 300 });
    expect(zoomOut({ from: 100, to: 300 }, NOW)).toEqual({ from: 0, to: 400 });
    expect(zoomOut({ from: NOW - HOUR, to: NOW }, NOW)).toEqual({ from: NOW - 2 * HOUR, to: NOW });
  });

  it('offers a wider range', () => {
    expect(wider({ from: '-1h', to: 'now' }, NOW)).toBe('-4h');
    expect(wider({ from: '-90d', to: 'now' }, NOW)).toBeUndefined();
    expect(quickParts('-15m')).toEqual({ count: 15, unit: 'm' });
    expect(quickParts('-1h30m')).toBeUndefined();
  });
});

describe('moments', () => {
  it('are written and read in one order', () => {
    expect(formatMoment(NOW + 7, 'utc')).toBe('2026-11-21 12:00:00.007');
    expect(formatSpan(NOW - HOUR, NOW, 'utc')).toBe('2026-11-21 11:00 – 12:00');
    expect(parseMoment('2026-11-21 12:00', 'utc')).toBe(NOW);
    expect(parseMoment('2026-11-21T14:00:00.5+02:00', 'utc')).toBe(NOW + 500);
    expect(parseMoment('2026-11-21', 'utc')).toBe(NOW - 12 * HOUR);
    expect(parseMoment('2026-02-30', 'utc')).toBeUndefined();
    expect(parseMoment('noon', 'local')).toBeUndefined();
    const local = parseMoment('2026-11-21 12:00:00', 'local');
    expect(formatMoment(local ?? 0, 'local')).toBe('2026-11-21 12:00:00.000');
  });
});
