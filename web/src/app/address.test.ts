import { describe, expect, it } from 'vitest';
import { safeTarget } from '@/lib/target';
import { formatParams, parseParams, timeParams } from './address';
import { readSettings } from './settings';

describe('the address', () => {
  it('reads what it writes', () => {
    const params = { q: 'host.name:"a b" & ошибка+1', from: '-1h', cols: 'a,b', live: true };
    const written = formatParams({ ...params, to: undefined, refresh: false });
    expect(written).toContain('host.name:');
    expect(parseParams(written)).toEqual({ ...params, live: '1' });
  });

  it('leaves out what it cannot read', () => {
    expect(timeParams({ from: 'x', to: 'now', refresh: '7', live: 'yes' })).toEqual({ to: 'now' });
    expect(timeParams({ refresh: '30', live: '1' })).toEqual({ refresh: 30, live: true });
  });
});

describe('safeTarget', () => {
  it('stays on this site', () => {
    expect(safeTarget('/search?q=x')).toBe('/search?q=x');
    for (const to of [
      undefined,
      '',
      'https://x',
      '//x',
      '/\\x',
      '/a\\b',
      '/a\nb',
      '/login?to=/login',
    ]) {
      expect(safeTarget(to)).toBe('/overview');
    }
  });
});

describe('settings', () => {
  it('take only what has the right shape', () => {
    const settings = readSettings('{"zone":"mars","wrap":"yes","columns":["a",1],"widths":null}');
    expect(settings).toMatchObject({ zone: 'local', wrap: false, columns: ['a'], widths: {} });
    expect(readSettings('nonsense').dense).toBe(false);
  });
});
