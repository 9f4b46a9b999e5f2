// Alerts, silences, channels and routes of the fake server: what is made there is kept until it ends.
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const SECRETS = ['token', 'url', 'password', 'secret', 'proxy', 'headers'];
const NEEDED = {
  telegram: ['token', 'chat'],
  email: ['server', 'from', 'to'],
  gotify: ['url', 'token'],
  matrix: ['url', 'token', 'chat'],
  pagerduty: ['token'],
};

const fail = (status, code, message, details) => ({ status, code, message, details });
const wrong = (key, message) => fail(400, 'bad_request', message, { key });

/** name → { settings with secrets, version, changed_by, changed, problem } */
const made = new Map();
let routes = [];
let routesVersion = 1;

const put = (settings, version, more = {}) =>
  made.set(settings.name, {
    settings,
    version,
    changed_by: 'admin',
    changed: ago(0),
    ...more,
  });

put({ kind: 'telegram', name: 'night shift', chat: '-100123', token: '1:A', language: 'ru' }, 3, {
  changed: ago(190),
  changed_by: 'anna',
});
put({ kind: 'slack', name: 'busy', url: 'https://hooks.slack.com/services/T0/B0/x' }, 1, {
  problem: 'url: no certificate could be read from `ca`',
});

const shown = ({ settings, ...rest }) => {
  const entries = Object.entries(settings);
  return {
    settings: Object.fromEntries(entries.filter(([key]) => !SECRETS.includes(key))),
    secrets: entries.map(([key]) => key).filter((key) => SECRETS.includes(key)),
    ...rest,
  };
};

function check(settings) {
  if (!settings.name) throw wrong('name', 'name is missing: routes need a name');
  for (const key of NEEDED[settings.kind] ?? ['url']) {
    if (!settings[key]?.length) throw wrong(key, `${key} is missing`);
  }
  if (settings.kind === 'telegram' && !settings.token.includes(':'))
    throw wrong('token', 'token is not a bot’s token: those look like 123456:ABC-DEF');
  if (settings.timeout && !/^\d+(ms|s|m)$/.test(settings.timeout))
    throw wrong('timeout', 'timeout is not a time such as 10s');
  if (settings.template?.includes('{{ broken'))
    throw wrong(
      'template',
      'template: syntax error: unexpected end of input, expected end of variable block (line 1)',
    );
}

function merged(settings, old) {
  const next = { ...settings };
  for (const key of SECRETS) {
    if (next[key] === undefined && old?.[key] !== undefined) next[key] = old[key];
    if (next[key] === '') delete next[key];
  }
  return next;
}

const CONFIGURED = [
  { name: 'ops', kind: 'telegram', down: false, messages: { sent: 214, held: 3 } },
  {
    name: 'chat <b>ops</b>',
    kind: 'mattermost',
    down: true,
    error: 'connection refused',
    messages: { waiting: 12, sent: 9, dead: 1 },
    waiting_since: ago(42),
  },
];
const configured = {
  when: 'watchpost.alert.severity:>=low',
  hours: '',
  channels: ['ops'],
  group: 'story',
  after: 1,
  within: '',
  digest: '1h',
  rate: '20/m',
  escalate_after: '15m',
  escalate_channels: ['chat <b>ops</b>'],
};

const infoOf = ({ after = 1, within = '', escalate, ...route }) => ({
  ...route,
  after,
  within,
  escalate_after: escalate?.after ?? '',
  escalate_channels: escalate?.channels ?? [],
});

const usual = () => {
  const channels = [...CONFIGURED.map(({ name }) => name), ...made.keys()];
  const route = { hours: '', channels, digest: '', rate: '' };
  return [
    {
      ...route,
      when: 'watchpost.alert.severity:>=medium AND NOT watchpost.system:true',
      group: 'story',
    },
    { ...route, when: 'process.title:* AND watchpost.launch:true', group: 'none' },
  ].map(infoOf);
};

function list() {
  const isUsual = Boolean(process.env.FAKE_USUAL) && routes.length === 0;
  const none = Boolean(process.env.FAKE_NO_CHANNELS) && made.size === 0;
  return {
    channels: none
      ? []
      : [
          ...CONFIGURED,
          ...[...made.values()].map((one) => ({
            name: one.settings.name,
            kind: one.settings.kind,
            down: false,
            messages: {},
            made: shown(one),
          })),
        ],
    routes: isUsual ? usual() : [configured, ...routes.map(infoOf)],
    made_routes: routes,
    routes_version: routesVersion,
    default_routes: isUsual,
  };
}

const ALERTS = [
  ['SSH brute force', 'high', 'shop-1', 'SSH brute force: 6 failed logins from 198.51.100.61'],
  ['Watched program started', 'low', 'anna-pc', 'anna started Chrome'],
].map(([rule, level, host, message], n) => ({
  id: 12 - n,
  state: 'open',
  level,
  rule,
  count: 6,
  first: ago(30 + n),
  last: ago(20 + n),
  host,
  message,
  score: 80,
}));

function preview({ settings, alert }) {
  if (settings.template?.includes('{{ broken')) check({ ...settings, url: 'x', kind: 'slack' });
  const one = ALERTS.find(({ id }) => id === alert);
  const words = {
    time: '2026-11-21 01:41:07',
    'user.name': 'anna',
    'rule.name': one.rule,
    'host.name': one.host,
    'alert.id': one.id,
  };
  const usualText =
    'HIGH: {{ rule.name }}\n6 failed logins from 198.51.100.61\n{{ host.name }}, {{ time }}, #{{ alert.id }}';
  const text = (settings.template || usualText).replace(
    /\{\{\s*([\w.]+)\s*\}\}/g,
    (_, word) => words[word] ?? '',
  );
  return { text };
}

function tried(settings) {
  check(settings);
  const refused = settings.chat === '-1' ? 'Bad Request: <b>chat</b> not found' : undefined;
  return { tried: [{ channel: settings.name, ...(refused && { error: refused }) }] };
}

async function channels(request, path, body) {
  if (path === '/channels' && request.method === 'GET') return list();
  const sent = request.method === 'DELETE' ? {} : await body();
  if (path === '/channels') {
    const settings = merged(sent.settings);
    check(settings);
    if (made.has(settings.name) || CONFIGURED.some(({ name }) => name === settings.name))
      throw fail(409, 'exists', `there is a channel named ${settings.name} already`);
    put(settings, 1);
    return shown(made.get(settings.name));
  }
  if (path === '/channels/try')
    return tried(merged(sent.settings, made.get(sent.replaces)?.settings));
  if (path === '/channels/preview') return preview(sent);
  if (path.endsWith('/test')) return { tried: [{ channel: 'ops' }] };
  const name = decodeURIComponent(path.split('/')[2]);
  const old = made.get(name);
  if (!old) throw fail(404, 'not_found', `no channel made here is named ${name}`);
  if (request.method === 'DELETE') {
    const uses = routes.filter((route) => route.channels.includes(name)).length;
    if (uses) throw fail(409, 'in_use', `${uses} routes name it`, { routes: uses });
    made.delete(name);
    return undefined;
  }
  if (name === 'busy') put(old.settings, old.version + 1, { changed_by: 'boris' });
  if (sent.version !== made.get(name).version)
    throw fail(409, 'changed', 'somebody else has changed it since');
  const settings = merged(sent.settings, old.settings);
  check(settings);
  put(settings, sent.version + 1);
  return shown(made.get(name));
}

async function changeRoutes(body) {
  const sent = await body();
  if (sent.version !== routesVersion)
    throw fail(409, 'changed', 'somebody else has changed the routes since');
  sent.routes.forEach((route, n) => {
    if (route.when.includes('('))
      throw wrong(`route[${n}].when`, 'this parenthesis is never closed');
    if (route.rate && !/^(none|\d+\/[smhd])$/.test(route.rate))
      throw wrong(
        `route[${n}].rate`,
        `"${route.rate}" is not a rate such as "20/m" (per s, m, h or d), or "none"`,
      );
  });
  routes = sent.routes;
  routesVersion += 1;
  return { routes, version: routesVersion };
}

async function silencePreview(body) {
  const { when } = await body();
  if (when.includes('(')) throw fail(400, 'bad_query', 'this parenthesis is never closed');
  return { matching: 1, looked_at: 2, alerts: [12] };
}

/** What there is to say at a path, in `answer`; nothing where it is another's. */
export async function alerting(request, path, body) {
  if (path === '/channels' || path.startsWith('/channels/'))
    return { answer: await channels(request, path, body) };
  if (path === '/routes') return { answer: await changeRoutes(body) };
  if (path === '/alerts') return { answer: { alerts: ALERTS, waiting: {} } };
  if (path === '/messages') return { answer: { messages: [] } };
  if (path === '/silences') return { answer: { silences: [] } };
  if (path === '/silences/preview') return { answer: await silencePreview(body) };
  return undefined;
}
