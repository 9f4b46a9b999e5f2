// The HTTP API the interface uses, with made-up events: for trying and testing what a real server shows
// only with luck (100,000 rows, slow searches, damage, shed events, ended sessions).
//   npm run fake        then        WATCHPOST_SERVER=http://127.0.0.1:7490 npm run dev
// Channels named `busy` are always changed by somebody else meanwhile.
// Words in the query that do something: `slow`, `broken(`, `damaged`, `nothing`.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { alerting } from './alerting.mjs';
import { eventOf, fieldOf, matcher, STEP_MS, TOTAL } from './events.mjs';

const PORT = Number(process.env.FAKE_PORT ?? 7490);
const LEVELS = ['debug', 'info', 'warning', 'error', 'critical', 'emergency'];
const started = Date.now();
const session = { user: 'admin', role: 'admin', must_change_password: false, version: '0.1.0' };
let loggedIn = !process.env.FAKE_LOGIN;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const newest = () => started;

function moment(text, fallback) {
  if (!text) return fallback;
  if (text === 'now') return Date.now();
  const back = /^(?:now)?-(\d+)([smhd])$/.exec(text);
  const unit = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
  return back ? Date.now() - back[1] * unit[back[2]] : Date.parse(text);
}

/** The numbers of the events in the range, newest first. */
function span(params) {
  const from = moment(params.get('from'), 0);
  const to = moment(params.get('to'), Infinity);
  const first = Math.max(0, Math.floor((newest() - to) / STEP_MS) + 1);
  const last = Math.min(TOTAL, Math.floor((newest() - from) / STEP_MS) + 1);
  return {
    first,
    last,
    from: Math.max(from, newest() - TOTAL * STEP_MS),
    to: Math.min(to, Date.now()),
  };
}

function queryOf(params) {
  const raw = params.get('q') ?? '';
  const at = raw.indexOf('broken(');
  if (at >= 0) {
    const bytes = Buffer.byteLength(raw.slice(0, at + 6));
    throw {
      status: 400,
      code: 'bad_query',
      message: 'this parenthesis is never closed',
      details: { at: bytes, len: 1 },
    };
  }
  const q = raw.replace(/\b(slow|damaged)\b/g, '');
  return { matches: matcher(q), slow: /\bslow\b/.test(raw), damaged: /\bdamaged\b/.test(raw) };
}

const DAMAGE = [
  'the file 2026/11/20/00417.parquet cannot be read (checksum); 1,204 events are missing',
];

async function stream(params, response, request) {
  const { matches, slow, damaged } = queryOf(params);
  const { first, last } = span(params);
  const limit = Number(params.get('limit') ?? 100);
  let n = params.get('after') ? Number(params.get('after')) : first;
  let rows = 0;
  let lines = '';
  let gone = false;
  const begin = performance.now();
  request.on('close', () => {
    gone = true;
  });
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (; n < last && rows < limit && !gone; n += 1) {
    const event = eventOf(n, newest());
    if (matches(event)) {
      rows += 1;
      lines += `${JSON.stringify({ event })}\n`;
    }
    if (n % 500 === 0) {
      lines += `${JSON.stringify({ progress: { examined: n - first, done: (n - first) / Math.max(last - first, 1), until: event['@timestamp'] } })}\n`;
      response.write(lines);
      lines = '';
      await wait(slow ? 120 : 0);
    }
  }
  const end = {
    ...(n < last && { next: String(n) }),
    rows,
    examined: n - first,
    blocks_read: 12,
    blocks_pruned: 88,
    took_ms: Math.round(performance.now() - begin),
    cancelled: false,
    ...(damaged && { damage: DAMAGE }),
  };
  response.end(`${lines}${JSON.stringify({ end })}\n`);
}

function histogram(params) {
  const { matches, damaged } = queryOf(params);
  const { first, last, from, to } = span(params);
  const nice = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 86400].map((s) => s * 1000);
  const interval = nice.find((ms) => (to - from) / ms <= 80) ?? 86400e3;
  const buckets = new Map();
  const every = Math.max(1, Math.floor((last - first) / 20_000));
  for (let n = first; n < last; n += every) {
    const event = eventOf(n, newest());
    if (!matches(event)) continue;
    const start = Math.floor((newest() - n * STEP_MS) / interval) * interval;
    const counts = buckets.get(start) ?? [0, 0, 0, 0, 0, 0, 0];
    const level = LEVELS.indexOf(event.log.level);
    counts[level < 0 ? 6 : level] += every;
    buckets.set(start, counts);
  }
  return {
    interval: interval * 1e6,
    buckets: [...buckets]
      .sort((a, b) => a[0] - b[0])
      .map(([start, counts]) => ({
        start: new Date(start).toISOString(),
        total: counts.reduce((a, b) => a + b),
        counts,
      })),
    ...(damaged && { damage: DAMAGE }),
  };
}

function count(params, field, limit, prefix = '') {
  const { matches } = queryOf(params);
  const { first, last } = span(params);
  const counts = new Map();
  let missing = 0;
  let total = 0;
  for (let n = first; n < Math.min(last, first + 20_000); n += 1) {
    const event = eventOf(n, newest());
    if (!matches(event)) continue;
    total += 1;
    const value = fieldOf(event, field);
    if (value === undefined) missing += 1;
    else for (const one of [value].flat()) counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  const sorted = [...counts]
    .filter(([v]) => String(v).startsWith(prefix))
    .sort((a, b) => b[1] - a[1]);
  const values = sorted.slice(0, limit).map(([value, n]) => ({ value, count: n }));
  const other = sorted.slice(limit).reduce((sum, [, n]) => sum + n, 0);
  return { field, values, missing, other, total, complete: last - first <= 20_000 };
}

function facets(params) {
  const names = params.get('fields')?.split(',') ?? [
    'log.level',
    'host.name',
    'process.name',
    'log.file.path',
    'user.name',
    'http.response.status_code',
  ];
  const all = names.map((name) => count(params, name, Number(params.get('limit') ?? 10)));
  const { total, complete } = all[0] ?? { total: 0, complete: true };
  return {
    facets: all.map(({ field, values, missing, other }) => ({ field, values, missing, other })),
    total,
    complete,
  };
}

const FIELDS = [
  ['@timestamp', 'time'],
  ['message', 'text'],
  ['host.name', 'text'],
  ['log.level', 'text'],
  ['log.file.path', 'text'],
  ['process.name', 'text'],
  ['process.pid', 'number'],
  ['http.response.status_code', 'number'],
  ['source.ip', 'text'],
  ['user.name', 'text'],
  ['event.category', 'list'],
  ['event.dataset', 'text'],
  ['agent.id', 'text'],
];

function context(params) {
  const position = Number(/@(\d+)\./.exec(params.get('id') ?? '')?.[1]);
  const n = TOTAL - position / 140;
  const events = [];
  for (
    let i = n + Number(params.get('before') ?? 20);
    i >= n - Number(params.get('after') ?? 20);
    i -= 1
  ) {
    if (i >= 0 && i < TOTAL) events.push(eventOf(i, newest()));
  }
  return { events };
}

const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text || '{}');
};

async function sessions(request, path) {
  if (request.method === 'DELETE') {
    loggedIn = false;
    return undefined;
  }
  if (request.method === 'GET') {
    if (!loggedIn) throw { status: 401, code: 'unauthorized', message: 'log in first' };
    return session;
  }
  const sent = await body(request);
  if (path === '/session/password') {
    if (sent.current !== 'one-time')
      throw { status: 400, code: 'wrong_password', message: 'the current password is wrong' };
    session.must_change_password = false;
    return session;
  }
  if (sent.password === 'many')
    throw { status: 429, code: 'too_many_attempts', message: 'too many attempts', retry: 42 };
  if (sent.password !== 'one-time')
    throw { status: 401, code: 'bad_login', message: 'user or password is wrong' };
  loggedIn = true;
  session.must_change_password = true;
  return session;
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://fake');
  const path = url.pathname.replace('/api/v1', '');
  const params = url.searchParams;
  if (path.startsWith('/session')) return sessions(request, path);
  if (!loggedIn) throw { status: 401, code: 'unauthorized', message: 'log in first' };
  if (path === '/search/stream') return stream(params, response, request);
  await wait(Number(process.env.FAKE_DELAY ?? 60));
  if (path === '/search/histogram') return histogram(params);
  if (path === '/search/facets') return facets(params);
  if (path === '/search/fields')
    return {
      fields: FIELDS.map(([name, kind], i) => ({ name, kind, events: 1000 - i * 50 })),
      examined: 1000,
    };
  if (path === '/search/values')
    return count(params, params.get('field'), 20, params.get('prefix') ?? '');
  if (path === '/search/context') return context(params);
  const told = await alerting(request, path, () => body(request));
  if (told) return told.answer;
  throw { status: 404, code: 'not_found', message: `there is nothing at ${url.pathname}` };
}

const server = createServer((request, response) => {
  const send = (status, value, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(value === undefined ? undefined : JSON.stringify(value));
  };
  answer(request, response)
    .then((value) => {
      if (!response.headersSent) send(value === undefined ? 204 : 200, value);
    })
    .catch((error) => {
      const { status = 500, code = 'internal', message = String(error), details, retry } = error;
      send(
        status,
        { error: { code, message, ...(details && { details }) } },
        retry ? { 'retry-after': retry } : {},
      );
    });
});

/** One text message, RFC 6455 §5.2, from server to browser. */
function frame(text) {
  const payload = Buffer.from(text);
  const size = payload.length;
  const head =
    size < 126 ? Buffer.from([0x81, size]) : Buffer.from([0x81, 126, size >> 8, size & 255]);
  return Buffer.concat([head, payload]);
}

server.on('upgrade', (request, socket) => {
  const params = new URL(request.url, 'http://fake').searchParams;
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const { matches } = queryOf(params);
  let n = 0;
  const perTick = Number(process.env.FAKE_RATE ?? 20) / 10;
  let due = 0;
  const timer = setInterval(() => {
    for (due += perTick; due >= 1; due -= 1) {
      n += 1;
      const event = eventOf(n % TOTAL, newest());
      event['@timestamp'] = `${new Date().toISOString().slice(0, 23)}000000Z`;
      event.watchpost.position = TOTAL * 140 + n;
      if (event.message.length < 2000 && matches(event)) socket.write(frame(JSON.stringify(event)));
      if (n % 150 === 0)
        socket.write(
          frame(
            JSON.stringify({
              '@timestamp': new Date().toISOString(),
              message: '',
              watchpost: { shed: 1234 },
            }),
          ),
        );
    }
  }, 100);
  const stop = () => {
    clearInterval(timer);
    socket.destroy();
  };
  socket
    .on('close', stop)
    .on('error', stop)
    .on('data', (data) => {
      if ((data[0] & 15) === 8) stop();
    });
});

server.listen(PORT, '127.0.0.1', () => console.log(`fake server on http://127.0.0.1:${PORT}`));
