import { describe, expect, it } from 'vitest';
import { linesOf } from './ndjson';
import { eventJson, parseEvent } from './stream';

function bodyOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

describe('linesOf', () => {
  it('is the same wherever the bytes are cut', async () => {
    const text = '{"a":"ошибка 😀"}\n\n{"b":2}\n{"c":3}\n{"cut":"off"}';
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
      const lines: string[] = [];
      for await (const some of linesOf(bodyOf(chunks))) lines.push(...some);
      expect(lines).toEqual(['{"a":"ошибка 😀"}', '{"b":2}', '{"c":3}']);
    }
  });
});

describe('events of lines', () => {
  it('are cut out without parsing', () => {
    expect(eventJson('{"event":{"message":"}"}}')).toBe('{"message":"}"}');
    expect(eventJson('{"progress":{}}')).toBeUndefined();
    expect(parseEvent('{"message":1}')).toEqual({ message: 1 });
    expect(parseEvent('[1')).toEqual({ message: '[1' });
  });
});
