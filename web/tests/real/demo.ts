// Logs of a small imaginary shop: web access, an application in JSON, logins, what nobody wants to see on a screen,
// and many lines that differ by their number only.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Demo {
  folder: string;
  /** Writes a line of the application as it happens. */
  say(message: string, level?: string): void;
}

/** Always the same numbers, so that a failing test fails again. */
function dice(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = dice(7);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const between = (low: number, high: number) => low + Math.floor(random() * (high - low));

const ADDRESSES = ['203.0.113.7', '198.51.100.23', '192.0.2.14', '203.0.113.180'];
const STORIES: readonly [string, () => object][] = [
  [
    'info',
    () => ({
      message: `order ${between(1000, 9999)} placed`,
      user: { name: pick(['anna', 'boris']) },
    }),
  ],
  ['info', () => ({ message: `payment of ${between(5, 300)}.00 EUR captured` })],
  ['debug', () => ({ message: `cache refreshed in ${between(3, 90)} ms` })],
  ['warning', () => ({ message: `slow query: ${between(800, 4000)} ms for SELECT * FROM orders` })],
  ['error', () => ({ message: 'payment gateway timed out after 30 s: connection refused' })],
];

function application(at: number) {
  const roll = random();
  const story = roll < 0.5 ? 0 : roll < 0.8 ? 1 : roll < 0.92 ? 2 : roll < 0.97 ? 3 : 4;
  const [level, tell] = STORIES[story] as (typeof STORIES)[number];
  return json(at, {
    log: { level },
    service: { name: pick(['shop', 'shop', 'billing']) },
    ...tell(),
  });
}

const json = (at: number, event: object) =>
  JSON.stringify({ '@timestamp': new Date(at).toISOString(), ...event });

const stamp = (at: number) => new Date(at).toISOString().replace('Z', '+00:00');

const access = (at: number) =>
  `${stamp(at)} shop-1 nginx[812]: ${pick(ADDRESSES)} "GET ${pick(['/', '/cart', '/api/orders'])}" ${pick([200, 200, 404, 500])}`;

/** Somebody tries six passwords within a minute, and anna logs in. */
function logins(at: number) {
  const line = (offset: number, text: string) =>
    `${stamp(at + offset)} shop-1 sshd[${4711 + offset}]: ${text}`;
  const failed = [0, 1, 2, 3, 4, 5].map((n) =>
    line(
      n * 5_000,
      `Failed password for invalid user oracle from 198.51.100.61 port ${40_000 + n} ssh2`,
    ),
  );
  return [
    ...failed,
    line(
      40_000,
      'Accepted publickey for anna from 192.0.2.14 port 50022 ssh2: ED25519 SHA256:demo',
    ),
  ];
}

export const HOSTILE = {
  html: '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> <b>bold</b>',
  escapes: 'red \u001b[31malarm\u001b[0m \u001b]0;title\u0007 bell',
  bidi: 'user \u202Etxt.exe\u202C wrote \u2066hidden\u2069 \u200Fmarks',
  long: `begin ${'x'.repeat(60_000)} end`,
};

function hostile(at: number) {
  const texts = Object.values(HOSTILE);
  return texts.map((message, n) =>
    json(at + n, {
      message: `hostile ${message}`,
      user: { name: message.slice(0, 200) },
      log: { level: 'info' },
    }),
  );
}

const bulk = (at: number, count: number) =>
  Array.from({ length: count }, (_, n) =>
    json(at + n, { message: `bulk line ${n}`, log: { level: 'debug' } }),
  );

export const BULK = 110_000;

export function writeDemo(folder: string): Demo {
  mkdirSync(folder, { recursive: true });
  const now = Date.now();
  const minutes = Array.from({ length: 1_200 }, (_, n) => now - 55 * 60_000 + n * 2_700);
  const files: Record<string, string[]> = {
    'access.log': minutes.map(access),
    'shop.json': minutes.map(application),
    'auth.log': logins(now - 20 * 60_000),
    'hostile.json': hostile(now - 10 * 60_000),
    'bulk.json': bulk(now - 5 * 3_600_000, BULK),
  };
  for (const [name, lines] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  }
  return {
    folder,
    say: (message, level = 'info') =>
      appendFileSync(
        join(folder, 'shop.json'),
        `${json(Date.now(), { message, log: { level } })}\n`,
      ),
  };
}
