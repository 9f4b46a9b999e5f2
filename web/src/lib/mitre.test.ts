import { expect, it } from 'vitest';
import { tagOf } from './mitre';

it('reads techniques, tactics and others', () => {
  expect(tagOf('attack.t1059.004')).toEqual({
    kind: 'technique',
    text: 'T1059.004',
    url: 'https://attack.mitre.org/techniques/T1059/004/',
  });
  expect(tagOf('attack.t1078')).toMatchObject({
    url: 'https://attack.mitre.org/techniques/T1078/',
  });
  expect(tagOf('attack.defense-evasion')).toEqual({ kind: 'tactic', text: 'defense evasion' });
  expect(tagOf('cve.2021-44228')).toEqual({ kind: 'other', text: 'cve.2021-44228' });
  expect(tagOf('attack.t1078/../x')).toEqual({ kind: 'other', text: 'attack.t1078/../x' });
});
