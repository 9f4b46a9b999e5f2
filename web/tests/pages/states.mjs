// States that a healthy server does not have: silent hosts, gaps, faults, messages that were given up.
const now = Date.now();
const back = (minutes) => new Date(now - minutes * 60_000).toISOString();
const hour = (n) => new Date(Math.floor(now / 3.6e6) * 3.6e6 - n * 3.6e6).toISOString();

const alert = (id, level, rule, message, change = {}) => ({
  id,
  level,
  rule,
  message: `${rule}: ${message}`,
  state: 'open',
  rule_id: 'c7c1dc5d-c871-412b-b0ab-96bffd4d75f6',
  count: 1,
  first: back(id * 7),
  last: back(id * 3),
  host: 'db-1',
  user: 'postgres',
  event: { '@timestamp': back(id * 7), event: { action: 'process-started' } },
  ...change,
});

const told = alert(7, 'critical', 'Unwanted tool started', 'postgres started nmap -sS 10.0.0.0/8', {
  count: 12,
  state: 'acknowledged',
  acknowledged_by: 'anna',
  acknowledged: back(2),
  note: 'Pentest, ticket SEC-4711. Ends on Friday.',
});

const detection = (minutes) => ({
  '@timestamp': back(minutes),
  message: 'Unwanted tool started: postgres started nmap -sS 10.0.0.0/8 \u001b[31mred\u202eevil',
  agent: { id: '@server' },
  event: { action: 'process-started', kind: 'alert', category: ['process'] },
  host: { name: 'db-1' },
  user: { name: 'postgres' },
  process: { name: 'nmap', command_line: 'nmap -sS 10.0.0.0/8', parent: { name: 'bash' } },
  watchpost: { cause: 'db-1/00ff/process@77.0', epoch: '0001', stream: 'detect', position: 9 },
});

const buckets = Array.from({ length: 20 }, (_, n) => ({
  start: hour(n),
  total: 5800 - n * 120 + (n === 3 ? 9000 : 0),
  counts: [100, 4000 - n * 120, 900, 500 + (n === 3 ? 9000 : 0), 40, 10, 250],
}));

export const aBusyDay = {
  at: back(0),
  hosts: [
    { agent: 'db-1-0a0b', name: 'db-1', state: 'silent', last: back(190), streams: 4 },
    { agent: 'edge-gateway-eu-central-1-0c0d', state: 'silent', last: back(4000), streams: 2 },
    { agent: 'web-2-0e0f', name: 'web-2', state: 'late', last: back(12), streams: 9 },
    ...Array.from({ length: 37 }, (_, n) => ({
      agent: `web-${n + 3}`,
      name: `web-${n + 3}`,
      state: 'reporting',
      last: back(0),
      streams: 5,
    })),
  ],
  events: { last_day: 1_284_112, day_before: 913_204, hours: buckets },
  alerts: {
    open: [
      { state: 'open', level: 'critical', count: 2 },
      { state: 'open', level: 'high', count: 14 },
      { state: 'open', level: 'low', count: 3 },
    ],
    last_day: 31,
    day_before: 8,
    newest: [
      { ...told, state: 'open' },
      alert(6, 'high', 'SSH brute force', '9 within 2m, host.name db-1: Failed password for root'),
      alert(5, 'medium', 'Program started from a temporary folder', 'root started /tmp/.x/kworker'),
      alert(4, 'low', 'Command run as root with sudo', 'anna ran apt update'),
      alert(3, 'informational', 'SSH login', 'Accepted publickey for anna', { count: 402 }),
    ],
  },
  delivery: {
    streams: 214,
    gaps: 3,
    dropped: 4211,
    rejected: 17,
    behind_bytes: 48_000_000,
    damage: ['store: no space left on device (os error 28)'],
  },
  store: {
    events: 48_120_448,
    bytes: 1_933_000_000,
    raw_bytes: 15_120_000_000,
    first: '2026-09-01T00:00:00.000Z',
    last: back(0),
  },
  alert: {
    alert: told,
    seven: {
      who: 'postgres',
      what: 'Unwanted tool started',
      on_what: 'nmap',
      when: told.first,
      where: 'db-1',
      from_where: null,
      to_where: '10.0.0.0',
    },
    rule: {
      id: 'c7c1dc5d-c871-412b-b0ab-96bffd4d75f6',
      title: 'Unwanted tool started',
      level: 'critical',
      tags: ['attack.discovery', 'attack.t1046', 'attack.t1059.004', 'cve.2021-44228'],
      file: '/etc/watchpost/rules/unwanted_tools.yml',
      description: 'A scanner or cracker was started. On servers nobody needs them.',
      yaml: 'title: Unwanted tool started\nlevel: critical\ndetection:\n  tool:\n    Image|endswith: /nmap\n  condition: tool\n',
    },
    events: [3, 9, 14, 22, 49].map((minutes, n) => ({
      id: `@server/0001/detect@${n}.0`,
      time: back(minutes),
      ...(n < 4 && { event: detection(minutes) }),
    })),
    messages: [
      { channel: 'ops', state: 'sent', attempts: 0, created: back(49), finished: back(49) },
      {
        channel: 'chatops',
        state: 'waiting',
        attempts: 4,
        created: back(49),
        error: 'POST https://hooks.example.org: connection refused',
      },
      {
        channel: 'pager',
        state: 'dead',
        attempts: 181,
        created: back(49),
        finished: back(1),
        error: '403 Forbidden: bot was blocked by the user',
      },
    ],
  },
};

const stream = (agent, name, change = {}) => ({
  agent,
  stream: name,
  epoch: '00ff',
  cursor: 900_000,
  stored: 900_000,
  read: 120_000,
  events: 120_000,
  stored_events: 120_000,
  dropped: {},
  rejected: 0,
  skips: [],
  gaps: 0,
  updated: back(0),
  ended: false,
  ...change,
});

export const troubled = {
  at: back(0),
  streams: [
    stream('@server', 'detect'),
    stream('db-1', 'syslog', {
      read: 48_120_448,
      events: 48_120_330,
      stored_events: 48_118_000,
      updated: back(190),
      dropped: { filter: 90, empty: 11, 'queue-full': 13, unreadable: 4 },
      rejected: 17,
      gaps: 2,
      skips: [
        { from: 0, to: 4096, reason: 'before-start', records: 0 },
        { from: 88_000, to: 91_200, reason: 'spool-full', records: 211 },
        { from: 412_000, to: 500_100, reason: 'ledger-damage', records: 0 },
      ],
    }),
    stream('db-1', 'file:/var/log/postgresql/postgresql-17-main-with-a-very-long-name.log'),
    stream('db-1', 'file:/var/log/auth.log.1', { ended: true, updated: back(900) }),
    stream('web-2', 'journal', { dropped: { 'kernel-events-lost': 3 } }),
    stream('web-2', 'process', {
      gaps: 1,
      skips: [{ from: 1, to: 9, reason: 'new-reason', records: 8 }],
    }),
    stream('web-3', 'file:/var/log/nginx/access.log', { stored_events: 119_000 }),
  ],
  readers: [
    { reader: 'store', behind_bytes: 48_000_000, error: 'no space left on device (os error 28)' },
    { reader: 'detect', behind_bytes: 240_000_000 },
    { reader: 'catalog', behind_bytes: 0 },
  ],
  damage: ['the file 2026/11/20/00417.seg has 312 torn bytes at 81920; they were set aside'],
};

export const manyStreams = {
  at: back(0),
  streams: Array.from({ length: 10_000 }, (_, n) =>
    stream(`web-${String(Math.floor(n / 40)).padStart(3, '0')}`, `file:/var/log/app/${n}.log`, {
      read: n * 7919,
      events: n * 7919,
      stored_events: n * 7919,
    }),
  ),
  readers: [{ reader: 'store', behind_bytes: 0 }],
  damage: [],
};

export const nothing = {
  alerts: { alerts: [], waiting: {}, counts: [] },
  delivery: {
    at: back(0),
    streams: [],
    readers: [{ reader: 'store', behind_bytes: 0 }],
    damage: [],
  },
  overview: {
    at: back(0),
    hosts: [],
    events: { last_day: 0, day_before: 0, hours: [] },
    alerts: { open: [], last_day: 0, day_before: 0, newest: [] },
    delivery: { streams: 0, gaps: 0, dropped: 0, rejected: 0, behind_bytes: 0, damage: [] },
    store: { events: 0, bytes: 0, raw_bytes: 0 },
  },
};
