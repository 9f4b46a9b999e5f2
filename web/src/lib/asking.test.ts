import { describe, expect, it } from 'vitest';
import type { Event } from '@/api/types';
import { askedOf, toldOf, uploadServices } from './asking';

const event = (action: string, more: Event = {}): Event => ({ event: { action }, ...more });

describe('what is asked of an agent', () => {
  it('keeps every digit of a number that is too great for JavaScript', () => {
    const text = '{"id":1795000000123456789,"listening":true}';
    expect(askedOf(text)).toEqual({ id: '1795000000123456789', listening: true });
    expect(askedOf('{"listening":false, "id" : 7}')).toEqual({ id: '7', listening: false });
    expect(() => askedOf('{}')).toThrow();
  });

  it('is over when the agent says so, in whatever order its events come', () => {
    const hashed = event('file-hashed', {
      file: { path: '/bin/ls', size: 5, hash: { sha256: 'ab' } },
    });
    expect(toldOf([hashed]).end).toBeUndefined();
    const done = event('command-done', { watchpost: { command: { files: 1 } } });
    const told = toldOf([done, hashed]);
    expect(told.end).toBe('done');
    expect(told.count).toBe(1);
    expect(told.files).toEqual([{ path: '/bin/ls', size: 5, sha256: 'ab', error: undefined }]);
  });

  it('tells why something was refused or could not be read', () => {
    const unread = event('file-not-hashed', { file: { path: '/x' }, error: { message: 'gone' } });
    expect(toldOf([unread]).files[0]?.error).toBe('gone');
    const refused = event('upload-refused', { error: { message: 'not listed' } });
    expect(toldOf([refused])).toMatchObject({ end: 'refused', reason: 'not listed' });
    expect(toldOf([event('toString')]).end).toBeUndefined();
  });

  it('makes links of addresses of the web only', () => {
    const done = (link: string) =>
      toldOf([event('upload-done', { watchpost: { upload: { link } } })]);
    expect(done('https://www.virustotal.com/gui/file/ab').link).toContain('virustotal');
    expect(done('javascript:alert(1)').link).toBeUndefined();
  });

  it('offers what both sides allow', () => {
    const services = [
      { name: 'virustotal', upload: true },
      { name: 'metadefender', upload: false },
    ];
    expect(uploadServices(services, ['virustotal', 'metadefender'])).toEqual(['virustotal']);
    expect(uploadServices(services, undefined)).toEqual([]);
    expect(uploadServices(undefined, ['virustotal'])).toEqual([]);
  });
});
