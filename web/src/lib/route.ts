import type { AlertMessage, RouteInfo } from '@/api/types';
import { formatCount } from './format';
import { intlOf } from './intl';
import { backOf } from './range';

/** A condition of a route: a text by its key, and what stands in its holes. */
export type Clause =
  | { key: 'hours'; hours: string }
  | { key: 'each' | 'rate.none' }
  | { key: 'after'; n: string }
  | { key: 'within'; n: string; span: string }
  | { key: 'digest'; span: string }
  | { key: 'rate.s' | 'rate.m' | 'rate.h' | 'rate.d'; n: string }
  | { key: 'rate.other'; rate: string }
  | { key: 'escalate'; span: string; channels: string };

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** `10m` in the reader's language, in the largest unit that needs no fraction; what cannot be read stays as it is. */
export function spanText(text: string): string {
  const ms = backOf(`-${text}`);
  const [unit, size] = UNITS.find(([, size]) => ms && ms % size === 0) ?? [];
  if (!ms || !unit) return text;
  return intlOf(
    `span-${unit}`,
    (language) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }),
  ).format(ms / size);
}

function rateOf(rate: string): Clause[] {
  if (rate === '') return [];
  if (rate === 'none') return [{ key: 'rate.none' }];
  const [, n, unit] = /^(\d+)\/([smhd])$/.exec(rate) ?? [];
  if (!n || !unit) return [{ key: 'rate.other', rate }];
  return [{ key: `rate.${unit as 's' | 'm' | 'h' | 'd'}`, n: formatCount(Number(n)) }];
}

/** What a route asks for, one condition after the other. */
export function clausesOf(route: RouteInfo): Clause[] {
  const clauses: Clause[] = [];
  if (route.hours) clauses.push({ key: 'hours', hours: route.hours });
  if (route.after > 1) {
    const n = formatCount(route.after);
    if (route.within) clauses.push({ key: 'within', n, span: spanText(route.within) });
    else clauses.push({ key: 'after', n });
  }
  if (route.group === 'none') clauses.push({ key: 'each' });
  if (route.digest) clauses.push({ key: 'digest', span: spanText(route.digest) });
  clauses.push(...rateOf(route.rate));
  if (route.escalate_after) {
    const channels = route.escalate_channels.join(', ');
    clauses.push({ key: 'escalate', span: spanText(route.escalate_after), channels });
  }
  return clauses;
}

/**
 * When a message goes out that waits for somebody to react; undefined where the routes do not say it in one voice.
 * The routes are those of now, which may have been others when it was written.
 */
export function reactUntil(
  message: Pick<AlertMessage, 'channel' | 'created'>,
  routes: readonly RouteInfo[],
): number | undefined {
  const told = routes.filter(({ escalate_channels: names }) => names.includes(message.channel));
  const spans = new Set(told.map(({ escalate_after: after }) => backOf(`-${after}`)));
  const [span] = spans;
  const created = Date.parse(message.created);
  return spans.size === 1 && span && !Number.isNaN(created) ? created + span : undefined;
}

/** A TOML string: like one of JSON, and without control characters of any kind. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007F');
}

const list = (names: readonly string[]) => `[${names.map(quoted).join(', ')}]`;

/** The route as it stands in the configuration, to copy and change. */
export function routeToml(route: RouteInfo): string {
  const lines = ['[[route]]'];
  const put = (name: string, text: string) => text && lines.push(`${name} = ${quoted(text)}`);
  put('when', route.when);
  lines.push(`channels = ${list(route.channels)}`);
  put('hours', route.hours);
  if (route.group !== 'story') put('group', route.group);
  if (route.after > 1) lines.push(`after = ${route.after}`);
  put('within', route.within);
  put('digest', route.digest);
  put('rate', route.rate);
  if (route.escalate_after) {
    const [after, channels] = [quoted(route.escalate_after), list(route.escalate_channels)];
    lines.push(`escalate = { after = ${after}, channels = ${channels} }`);
  }
  return `${lines.join('\n')}\n`;
}
