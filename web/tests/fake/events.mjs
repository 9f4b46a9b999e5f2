// A day of made-up events, each computed from its number, so that a hundred thousand cost nothing.
// Some hold what hostile log lines hold: markup, escapes, direction marks, huge values.
const HOSTS = ['web-1', 'web-2', 'db-1', 'mail', 'edge-fra-1', 'edge-fra-2'];
const LINES = [
  [
    'info',
    'nginx',
    (n) => `10.0.${n % 256}.${(n * 7) % 256} "GET /api/orders/${n} HTTP/1.1" 200 ${n % 9000}`,
  ],
  [
    'info',
    'sshd',
    (n) => `Accepted publickey for deploy from 10.1.2.${n % 250} port ${40000 + (n % 9999)} ssh2`,
  ],
  [
    'warning',
    'sshd',
    (n) => `Failed password for invalid user admin from 185.220.101.${n % 250} port ${n % 60000}`,
  ],
  ['debug', 'app', (n) => `cache hit key=session:${n.toString(36)} age=${n % 300}s`],
  ['error', 'app', (n) => `connection refused: upstream 10.0.9.${n % 9}:5432 after ${n % 3000} ms`],
  ['info', 'cron', (n) => `(root) CMD (/usr/lib/backup/run --job ${n % 40})`],
  [undefined, 'kernel', (n) => `eth0: link state ${n % 2 ? 'up' : 'down'}`],
  [
    'critical',
    'postgres',
    (n) => `could not write to file "base/pgsql_tmp/${n}": No space left on device`,
  ],
];
const ODD = [
  '<img src=x onerror=alert(1)> <script>alert(2)</script>',
  '\u001b[31mred\u001b[0m \u001b]0;title\u0007 line one\nline two\ttab',
  'invoice\u202Etxt.exe sent to \u2066root\u2069\u200b@mail\ufeff',
  `a very long line ${'x'.repeat(30_000)} end`,
];
export const STEP_MS = 700;
export const TOTAL = 123_000;
const WEIGHTS = [0, 0, 0, 1, 1, 3, 0, 2, 0, 1, 5, 3, 0, 6, 4, 0, 0, 2, 1, 0];

/** Event number n, counted back from `newest`. */
export function eventOf(n, newest) {
  const seed = (n * 2654435761) >>> 0;
  let kind = WEIGHTS[seed % WEIGHTS.length];
  if (n % 1511 === 0) kind = 7;
  const [level, program, line] = LINES[kind];
  const host = HOSTS[(seed >>> 8) % HOSTS.length];
  const at = newest - n * STEP_MS;
  const message = n % 97 === 5 ? ODD[(n / 97) & 3] : line(seed >>> 12);
  return {
    '@timestamp': `${new Date(at).toISOString().slice(0, 23)}${String(seed % 1_000_000).padStart(6, '0')}Z`,
    message,
    event: { kind: 'event', category: ['process'], dataset: `${program}.log` },
    host: { name: host },
    log: { ...(level && { level }), file: { path: `/var/log/${program}/${program}.log` } },
    process: { name: program, pid: 1000 + (seed % 5000) },
    ...(program === 'nginx' && { http: { response: { status_code: seed % 17 ? 200 : 503 } } }),
    ...(program === 'sshd' && {
      source: { ip: `185.220.101.${seed % 250}` },
      user: { name: 'deploy' },
    }),
    agent: { id: `agent-${host}` },
    watchpost: {
      stream: `file:/var/log/${program}/${program}.log`,
      position: (TOTAL - n) * 140,
      epoch: 'd158c76cbb2b50cc',
    },
  };
}

export function fieldOf(event, name) {
  return name.split('.').reduce((at, part) => at?.[part], event);
}

/** Enough of the query language to try the interface: words, fields, minus. */
export function matcher(q) {
  const terms = [...q.matchAll(/(-?)(?:([\w@.]+):)?(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g)];
  return (event) =>
    terms.every(([, minus, field, quoted, bare]) => {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? bare;
      if (!field && /^(AND|OR|NOT)$/.test(value)) return true;
      const has = field
        ? value === '*'
          ? fieldOf(event, field) !== undefined
          : String(fieldOf(event, field)).toLowerCase() === value.toLowerCase()
        : event.message.toLowerCase().includes(value.replace(/\*$/, '').toLowerCase());
      return minus ? !has : has;
    });
}
