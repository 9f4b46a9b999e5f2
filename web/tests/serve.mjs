// Serves the built interface as the server does: compressed, with its content security policy, unknown
// paths as the page, /api handed on. For browser tests of what people get.
//   npm run build && node tests/serve.mjs        (BASE is then http://127.0.0.1:5185)
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { extname, join, normalize } from 'node:path';

const PORT = Number(process.env.PORT ?? 5185);
const upstream = new URL(process.env.WATCHPOST_SERVER ?? 'http://127.0.0.1:7490');
const token = process.env.WATCHPOST_TOKEN;
const dist = new URL('../dist/', import.meta.url).pathname;
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

function options(incoming) {
  const headers = { ...incoming.headers, host: upstream.host };
  if (token) {
    headers.authorization = `Bearer ${token}`;
    delete headers.origin;
  }
  return {
    host: upstream.hostname,
    port: upstream.port,
    path: incoming.url,
    method: incoming.method,
    headers,
  };
}

const server = createServer((incoming, outgoing) => {
  if (incoming.url.startsWith('/api/')) {
    const forward = request(options(incoming), (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.writeHead(502).end());
    outgoing.on('close', () => forward.destroy());
    incoming.pipe(forward);
    return;
  }
  const path = normalize(new URL(incoming.url, 'http://here').pathname);
  const file = existsSync(join(dist, `${path}.br`)) ? path : '/index.html';
  outgoing.writeHead(200, {
    'content-type': `${TYPES[extname(file)] ?? 'application/octet-stream'}; charset=utf-8`,
    'content-encoding': 'br',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'cache-control': file.startsWith('/assets/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
  });
  outgoing.end(readFileSync(join(dist, `${file}.br`)));
});

server.on('upgrade', (incoming, socket, head) => {
  const forward = request(options(incoming));
  forward.on('upgrade', (answer, other) => {
    const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    other.write(head);
    other.pipe(socket).pipe(other);
    for (const end of [other, socket])
      end.on('error', () => {
        other.destroy();
        socket.destroy();
      });
  });
  forward.on('error', () => socket.destroy());
  forward.end();
});

server.listen(PORT, '127.0.0.1', () => console.log(`http://127.0.0.1:${PORT}`));
