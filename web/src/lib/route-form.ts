import type { RouteInfo, RouteSettings } from '@/api/types';

/** Conditions that are wanted often. */
export const CONDITIONS = {
  medium: 'watchpost.alert.severity:>=medium',
  high: 'watchpost.alert.severity:>=high',
  programs: 'watchpost.launch:true',
  everything: '',
} as const;
export type Condition = keyof typeof CONDITIONS;

/** What stands in the form of a route. */
export interface RouteDraft {
  when: string;
  channels: string[];
  hours: string;
  group: 'story' | 'none';
  after: string;
  within: string;
  digest: string;
  rate: string;
  escalateAfter: string;
  escalateChannels: string[];
}

export const newRoute = (channels: readonly string[]): RouteDraft => ({
  when: CONDITIONS.medium,
  channels: channels.length === 1 ? [...channels] : [],
  hours: '',
  group: 'story',
  after: '',
  within: '',
  digest: '',
  rate: '',
  escalateAfter: '',
  escalateChannels: [],
});

export function draftOf(route: RouteSettings): RouteDraft {
  const { when, hours, channels, group, after, within = '', digest, rate, escalate } = route;
  return {
    when,
    hours,
    channels: [...channels],
    group,
    after: after && after > 1 ? String(after) : '',
    within,
    digest,
    rate,
    escalateAfter: escalate?.after ?? '',
    escalateChannels: [...(escalate?.channels ?? [])],
  };
}

const isNumber = (text: string) => /^\d{1,9}$/.test(text);

/** Keys that are wrong before anybody is asked. */
export function wrongIn(draft: RouteDraft): 'after' | 'within' | 'escalate' | undefined {
  const after = draft.after.trim();
  if (after !== '' && (!isNumber(after) || Number(after) < 1)) return 'after';
  if (draft.within.trim() !== '' && Number(after || 1) < 2) return 'within';
  const hasTime = draft.escalateAfter.trim() !== '';
  if (hasTime !== draft.escalateChannels.length > 0) return 'escalate';
  return undefined;
}

/** What is sent. */
export function settingsOfDraft(draft: RouteDraft): RouteSettings {
  const after = Number(draft.after.trim() || 1);
  const within = draft.within.trim();
  const escalateAfter = draft.escalateAfter.trim();
  return {
    when: draft.when.trim(),
    hours: draft.hours.trim(),
    channels: draft.channels,
    group: draft.group,
    digest: draft.digest.trim(),
    rate: draft.rate.trim(),
    ...(after > 1 && { after }),
    ...(within && { within }),
    ...(escalateAfter && { escalate: { after: escalateAfter, channels: draft.escalateChannels } }),
  };
}

/** As the words about routes want it. */
export function infoOf(route: RouteSettings): RouteInfo {
  const { when, hours, channels, group, after = 1, within = '', digest, rate, escalate } = route;
  return {
    when,
    hours,
    channels,
    group,
    after,
    within,
    digest,
    rate,
    escalate_after: escalate?.after ?? '',
    escalate_channels: escalate?.channels ?? [],
  };
}

/** A route that is in force, as one that is made here. */
export const ownOf = (route: RouteInfo): RouteSettings =>
  settingsOfDraft({
    when: route.when,
    hours: route.hours,
    channels: route.channels,
    group: route.group,
    after: String(route.after),
    within: route.within,
    digest: route.digest,
    rate: route.rate,
    escalateAfter: route.escalate_after,
    escalateChannels: route.escalate_channels,
  });

const isSame = (one: RouteInfo, other: RouteSettings) =>
  one.when === other.when && one.channels.join('\n') === other.channels.join('\n');

/** Of those in force, the ones that stand in the configuration: the made ones come after them. */
export function configuredOf(
  routes: readonly RouteInfo[],
  made: readonly RouteSettings[],
): RouteInfo[] {
  const rest = [...routes];
  for (const route of [...made].reverse()) {
    const at = rest.findLastIndex((one) => isSame(one, route));
    if (at >= 0) rest.splice(at, 1);
  }
  return rest;
}

/** Two routes change places. */
export function swapped<T>(list: readonly T[], at: number, step: 1 | -1): T[] {
  const next = [...list];
  const [one, other] = [next[at], next[at + step]];
  if (one === undefined || other === undefined) return next;
  next[at] = other;
  next[at + step] = one;
  return next;
}

/** A key for each of several things that may be the same. */
export function keysOf(texts: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return texts.map((text) => {
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return `${times} ${text}`;
  });
}
