import type { Json, MadeChannel, Settings } from '@/api/types';

/** Kinds that can be made here. A program (`script`) stands in the configuration only. */
export const KINDS = [
  'telegram',
  'email',
  'slack',
  'mattermost',
  'discord',
  'teams',
  'ntfy',
  'gotify',
  'matrix',
  'pagerduty',
  'webhook',
  'syslog',
] as const;
export type Kind = (typeof KINDS)[number];

/** Names that no language changes. */
export const BRANDS: { readonly [kind in Kind]?: string } = {
  telegram: 'Telegram',
  slack: 'Slack',
  mattermost: 'Mattermost',
  discord: 'Discord',
  teams: 'Microsoft Teams',
  ntfy: 'ntfy',
  gotify: 'Gotify',
  matrix: 'Matrix',
  pagerduty: 'PagerDuty',
};

export const kindOf = (text: unknown): Kind | undefined => KINDS.find((kind) => kind === text);

export const FACILITIES = [
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
  'user',
  'daemon',
  'auth',
  'authpriv',
  'syslog',
] as const;

/** What is typed, chosen or ticked; `list` and `headers` have a line for each, `yes` may be left to the program. */
export type FieldType = 'text' | 'list' | 'lines' | 'headers' | 'number' | 'tick' | 'yes';

/** How a field is called: a key of the texts, since one key means other things in other kinds. */
export type Label =
  | 'name'
  | 'token.telegram'
  | 'chat.telegram'
  | 'thread'
  | 'buttons'
  | 'api_url'
  | 'proxy'
  | 'server'
  | 'from'
  | 'to'
  | 'user'
  | 'password'
  | 'insecure'
  | 'insecure.email'
  | 'url.chat'
  | 'url.webhook'
  | 'token.webhook'
  | 'secret'
  | 'headers'
  | 'url.ntfy'
  | 'token.ntfy'
  | 'url.gotify'
  | 'token.gotify'
  | 'url.matrix'
  | 'token.matrix'
  | 'chat.matrix'
  | 'url.pagerduty'
  | 'token.pagerduty'
  | 'url.syslog'
  | 'facility'
  | 'timezone'
  | 'language'
  | 'timeout'
  | 'ca';

export interface Field {
  key: string;
  label: Label;
  type: FieldType;
  /** Never comes back from the server. */
  isSecret?: boolean;
  /** Nobody who sees it on the screen can do anything with it. */
  isShown?: boolean;
  /** Without it there is no channel. */
  isRequired?: boolean;
  place?: string;
  choices?: readonly string[];
}

interface Form {
  first: Field[];
  more: Field[];
}

type Rest = Partial<Omit<Field, 'key' | 'label'>>;

const text = (key: string, label: Label, rest: Rest = {}): Field => ({
  key,
  label,
  type: 'text',
  ...rest,
});
const secret = (key: string, label: Label, rest: Rest = {}) =>
  text(key, label, { isSecret: true, ...rest });

const NEEDED = { isRequired: true } as const;
const INSECURE = text('insecure', 'insecure', { type: 'tick' });
const NAME = text('name', 'name', { ...NEEDED, place: 'ops' });

const COMMON = [
  text('language', 'language', { choices: ['en', 'ru'] }),
  text('timezone', 'timezone', { place: 'Europe/Moscow' }),
];
const CONNECTION = [
  text('timeout', 'timeout', { place: '10s' }),
  text('ca', 'ca', { type: 'lines', place: '-----BEGIN CERTIFICATE-----' }),
];

const chat = (place: string): Form => ({
  first: [secret('url', 'url.chat', { ...NEEDED, place })],
  more: [INSECURE],
});

const OWN: { readonly [kind in Kind]: Form } = {
  telegram: {
    first: [
      secret('token', 'token.telegram', { ...NEEDED, place: '123456:ABC-DEF' }),
      text('chat', 'chat.telegram', { ...NEEDED, place: '-100123' }),
    ],
    more: [
      text('buttons', 'buttons', { type: 'yes' }),
      text('thread', 'thread', { type: 'number' }),
      text('api_url', 'api_url', { place: 'https://api.telegram.org' }),
      secret('proxy', 'proxy', { place: 'http://proxy.example.org:3128' }),
    ],
  },
  email: {
    first: [
      text('server', 'server', { ...NEEDED, place: 'smtps://mail.example.org' }),
      text('user', 'user', { place: 'watch' }),
      secret('password', 'password'),
      text('from', 'from', { ...NEEDED, place: 'Watchpost <watch@example.org>' }),
      text('to', 'to', { ...NEEDED, type: 'list', place: 'ops@example.org' }),
    ],
    more: [text('insecure', 'insecure.email', { type: 'tick' })],
  },
  webhook: {
    first: [
      secret('url', 'url.webhook', { ...NEEDED, place: 'https://hooks.example.org/watchpost' }),
      secret('token', 'token.webhook'),
    ],
    more: [
      secret('secret', 'secret'),
      secret('headers', 'headers', { type: 'headers', place: 'X-Team: operations' }),
      INSECURE,
    ],
  },
  slack: chat('https://hooks.slack.com/services/…'),
  mattermost: chat('https://chat.example.org/hooks/…'),
  discord: chat('https://discord.com/api/webhooks/…'),
  teams: chat('https://…'),
  ntfy: {
    first: [
      secret('url', 'url.ntfy', { ...NEEDED, place: 'https://ntfy.sh/your-topic' }),
      secret('token', 'token.ntfy'),
    ],
    more: [INSECURE],
  },
  gotify: {
    first: [
      secret('url', 'url.gotify', {
        ...NEEDED,
        isShown: true,
        place: 'https://gotify.example.org',
      }),
      secret('token', 'token.gotify', NEEDED),
    ],
    more: [INSECURE],
  },
  matrix: {
    first: [
      secret('url', 'url.matrix', {
        ...NEEDED,
        isShown: true,
        place: 'https://matrix.example.org',
      }),
      secret('token', 'token.matrix', NEEDED),
      text('chat', 'chat.matrix', { ...NEEDED, place: '!abc:example.org' }),
    ],
    more: [INSECURE],
  },
  pagerduty: {
    first: [secret('token', 'token.pagerduty', NEEDED)],
    more: [
      secret('url', 'url.pagerduty', {
        isShown: true,
        place: 'https://events.pagerduty.com/v2/enqueue',
      }),
      INSECURE,
    ],
  },
  syslog: {
    first: [
      secret('url', 'url.syslog', {
        ...NEEDED,
        isShown: true,
        place: 'tls://logs.example.org:6514',
      }),
    ],
    more: [text('facility', 'facility', { choices: FACILITIES }), INSECURE],
  },
};

/** The fields of a kind: what it needs first, and what is seldom wanted. */
export function formOf(kind: Kind): Form {
  const { first, more } = OWN[kind];
  return { first: [NAME, ...first, ...COMMON], more: [...more, ...CONNECTION] };
}

const fieldsOf = (kind: Kind) => {
  const { first, more } = formOf(kind);
  return [...first, ...more];
};

/** What stands in the fields, as text; a tick is `true`. The template is a field of its own. */
export type Values = { readonly [key: string]: string };

/** What is written in a form that begins anew. */
export const newValues = (language: string, timezone: string): Values => ({
  language: language === 'ru' ? 'ru' : 'en',
  timezone,
});

function valueText(type: FieldType, value: Json | undefined): string {
  if (value === undefined || value === null || value === false)
    return type === 'yes' && value === false ? 'false' : '';
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'object' ? '' : String(value);
}

/** What is written in the form of a channel that there is; secrets stay away. */
export function valuesOf(kind: Kind, settings: Settings): Values {
  const known = fieldsOf(kind).map(({ key, type }) => [key, valueText(type, settings[key])]);
  return { ...Object.fromEntries(known), template: valueText('lines', settings.template) };
}

const linesOf = (value: string) =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** `Name: value`, a line for each. A line without a colon is sent as it is, so that the server names it. */
function headersOf(value: string): Settings {
  const pairs = linesOf(value).map((line) => {
    const at = line.indexOf(':');
    return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

function jsonOf({ type }: Field, value: string): Json {
  switch (type) {
    case 'tick':
    case 'yes':
      return value === 'true';
    case 'list':
      return linesOf(value.replaceAll(/[,;]/g, '\n'));
    case 'headers':
      return headersOf(value);
    case 'number':
      return /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : value.trim();
    default:
      return value.trim();
  }
}

/**
 * The settings that are sent: what is written, and nothing of what is empty. Of a channel that there is, a secret
 * that is left out keeps its value; those in `removed` are sent empty, which takes them away.
 */
export function settingsOf(
  kind: Kind,
  values: Values,
  removed: ReadonlySet<string> = new Set(),
): Settings {
  const settings: Settings = { kind };
  for (const field of fieldsOf(kind)) {
    const value = values[field.key] ?? '';
    if (value.trim() !== '') settings[field.key] = jsonOf(field, value);
    else if (field.isSecret && removed.has(field.key)) settings[field.key] = '';
  }
  const template = values.template ?? '';
  if (template.trim() !== '') settings.template = template;
  return settings;
}

/** What a preview needs: nothing that is secret, and nothing that is not right yet. */
export function spokenOf({ kind, name, language, timezone, template }: Settings): Settings {
  const spoken = { kind, name, language, timezone, template };
  return Object.fromEntries(
    Object.entries(spoken).filter((pair): pair is [string, Json] => pair[1] !== undefined),
  );
}

/** Whether there is something in every field that needs it. */
export function isComplete(
  kind: Kind,
  values: Values,
  made: Pick<MadeChannel, 'secrets'> | undefined,
  removed: ReadonlySet<string> = new Set(),
): boolean {
  return fieldsOf(kind).every(({ key, isRequired, isSecret }) => {
    if (!isRequired || (values[key] ?? '').trim() !== '') return true;
    return Boolean(isSecret && made?.secrets.includes(key) && !removed.has(key));
  });
}

/** Whether a key stands among those that are seldom wanted. */
export const isMore = (kind: Kind, key: string) =>
  formOf(kind).more.some((field) => field.key === key);

/** Words of a template that most events have; all fields of the detection can be named like these. */
export const WORDS = [
  'time',
  'level_word',
  'rule.name',
  'text',
  'sentence',
  'user.name',
  'host.name',
  'process.title',
  'source.ip',
  'message',
  'alert.id',
  'alert.link',
] as const;
export type Word = (typeof WORDS)[number];

/** Puts a word where the cursor is; answers where the cursor is then. */
export function withWord(
  template: string,
  word: Word,
  from: number,
  to: number,
): { template: string; at: number } {
  const written = `{{ ${word} }}`;
  return {
    template: template.slice(0, from) + written + template.slice(to),
    at: from + written.length,
  };
}
