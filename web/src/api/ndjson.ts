/**
 * Lines of a response as they arrive. Only cuts: a line is parsed by whoever shows it, when it is shown,
 * so that ten thousand rows cost ten thousand slices and no long task. A line without its end was cut off, and
 * is none.
 */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const end = rest.lastIndexOf('\n');
      if (end >= 0) {
        const lines = rest.slice(0, end).split('\n').filter(Boolean);
        rest = rest.slice(end + 1);
        if (lines.length > 0) yield lines;
      }
      if (done) break;
    }
  } finally {
    // The reader may have left before the end: this closes the request, and so stops the search.
    await reader.cancel().catch(() => undefined);
  }
}
