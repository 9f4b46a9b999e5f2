import { describe, expect, it } from 'vitest';
import { countOf, levelOf, stateOf, storyOf, toneOf, worst } from './alert';

describe('what stands in the address', () => {
  it('falls back to what is usual', () => {
    expect(stateOf('closed')).toBe('closed');
    expect(stateOf('nonsense')).toBe('open');
    expect(stateOf(undefined)).toBe('open');
    expect(levelOf('high')).toBe('high');
    expect(levelOf('HIGH')).toBeUndefined();
  });
});

const counts = [
  { state: 'open', level: 'medium', count: 5 },
  { state: 'open', level: 'high', count: 61 },
  { state: 'closed', level: 'critical', count: 2 },
] as const;

describe('countOf', () => {
  it('counts a state and the levels above', () => {
    expect(countOf(counts, 'open')).toBe(66);
    expect(countOf(counts, 'open', 'high')).toBe(61);
    expect(countOf(counts, 'all', 'high')).toBe(63);
    expect(countOf(counts, 'acknowledged')).toBe(0);
  });
});

describe('worst', () => {
  it('is the highest level there is', () => {
    expect(worst(counts)).toEqual({ level: 'critical', count: 2 });
    expect(worst([])).toBeUndefined();
  });
});

describe('storyOf', () => {
  it('takes the title off the front', () => {
    expect(storyOf({ rule: 'SSH login', message: 'SSH login: Accepted key' })).toBe('Accepted key');
    expect(storyOf({ rule: 'SSH login', message: 'SSH login failed' })).toBe('SSH login failed');
    expect(storyOf({ rule: 'SSH login', message: 'SSH login' })).toBe('SSH login');
  });
});

describe('toneOf', () => {
  it('knows levels of newer servers by no colour', () => {
    expect(toneOf('high')).toBe('error');
    expect(toneOf('apocalyptic')).toBe('none');
  });
});
