import type { Event, Seven } from '@/api/types';
import { fieldOf, textOf } from './event';

/**
 * Who did what on what, when, where, from where, to where: as one sentence. The words are in the texts
 * of a language; here is decided which of them are said. Values are kept apart from the words, because
 * they come from events: no value can become a part of the sentence.
 */
export type SevenName = 'who' | 'on' | 'what' | 'where' | 'from' | 'to';
export type Piece = { text: string; name?: SevenName };

/** The texts of a language: `translate('do.sudo', { actor: '…' })`. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

export interface Facts {
  seven: Seven;
  action?: string;
  failed: boolean;
  /** `who` is a person's account and not a program. */
  user: boolean;
}

const SAME_WORDS: Record<string, string> = { 'su-l': 'su', 'su-terminal': 'su' };

export function factsOf(seven: Seven, event: Event | undefined): Facts {
  const action = event && textOf(fieldOf(event, 'event.action'));
  const user = event ? textOf(fieldOf(event, 'user.name')) : '';
  return {
    seven,
    action: action ? (SAME_WORDS[action] ?? action) : undefined,
    failed: event !== undefined && textOf(fieldOf(event, 'event.outcome')) === 'failure',
    user: user !== '' && user === seven.who,
  };
}

/** What the texts have a verb for. `failed`: another one when it did not succeed. */
const VERBS: Record<string, { failed?: boolean; into?: boolean }> = {
  'process-started': {},
  'process-stopped': {},
  'process-crashed': {},
  'ssh-login': { failed: true, into: true },
  'ssh-invalid-user': { into: true },
  'ssh-attempts-exceeded': { into: true },
  logon: { failed: true, into: true },
  logout: {},
  'session-opened': {},
  'session-closed': {},
  sudo: { failed: true },
  su: { failed: true },
  'password-changed': {},
  'user-added': {},
  'user-deleted': {},
  'user-changed': {},
  'group-added': {},
  'group-deleted': {},
  'group-member-added': {},
  'group-member-removed': {},
  'pam-authentication-failure': { into: true },
};

/** Private use characters mark the places of values while the words are put together. */
const OPEN = '\ue000';
const SHUT = '\ue001';
const place = (name: SevenName) => OPEN + name + SHUT;

/** Verbs that say nothing without their object. */
function verbOf({ action, failed, seven }: Facts): string | undefined {
  const verb = action === undefined ? undefined : VERBS[action];
  if (!verb) return undefined;
  const needsObject = /^(process|sudo|su$|user-|group-)/.test(action ?? '');
  if (needsObject && !seven.on_what) return undefined;
  return `do.${action}${failed && verb.failed ? '.failed' : ''}`;
}

/** A program that is its own object did nothing to itself: it was started, it crashed. */
function actorOf({ seven, user }: Facts, t: Translate): string | undefined {
  if (!seven.who || (!user && seven.who === seven.on_what)) return undefined;
  return t(user ? 'actor.user' : 'actor.process', { who: place('who') });
}

function clauses(facts: Facts, into: boolean, t: Translate): string[] {
  const { seven } = facts;
  const parts: string[] = [];
  if (seven.where) parts.push(t(into ? 'at.into' : 'at.where', { where: place('where') }));
  if (seven.from_where) parts.push(t('at.from', { from: place('from') }));
  // A destination that was named as the object already is not said twice.
  if (seven.to_where && seven.to_where !== seven.on_what) {
    parts.push(t('at.to', { to: place('to') }));
  }
  return parts;
}

/** Nothing is known of the action: the rule's title, and a list of what is known. */
function listed(facts: Facts, t: Translate): string {
  const { seven, user } = facts;
  const parts: string[] = [];
  if (seven.who) parts.push(t(user ? 'list.user' : 'list.process', { who: place('who') }));
  if (seven.on_what && seven.on_what !== seven.who) parts.push(t('list.on', { on: place('on') }));
  if (seven.where) parts.push(t('list.where', { where: place('where') }));
  if (seven.from_where) parts.push(t('list.from', { from: place('from') }));
  if (seven.to_where && seven.to_where !== seven.on_what) {
    parts.push(t('list.to', { to: place('to') }));
  }
  const head = t('do.other', { what: place('what') });
  return parts.length ? `${head}: ${parts.join(', ')}` : head;
}

function words(facts: Facts, t: Translate): string {
  const verb = verbOf(facts);
  if (!verb) return listed(facts, t);
  const actor = actorOf(facts, t);
  const values = { actor: actor ?? '', who: place('who'), on: place('on') };
  const main = t(actor ? verb : `${verb}.nobody`, values);
  const into = VERBS[facts.action ?? '']?.into ?? false;
  return [main, ...clauses(facts, into, t)].join(' ');
}

/** The sentence in pieces. `when` is written already, in the zone and form of the page. */
export function sevenSentence(facts: Facts, when: string, t: Translate): Piece[] {
  const { seven } = facts;
  const values: Record<SevenName, string | undefined> = {
    who: seven.who,
    on: seven.on_what,
    what: seven.what,
    where: seven.where,
    from: seven.from_where,
    to: seven.to_where,
  };
  const text = `${words(facts, t)}, ${when}.`;
  const pieces: Piece[] = [];
  for (const part of text.split(OPEN)) {
    const [name, rest] = part.includes(SHUT) ? part.split(SHUT, 2) : [undefined, part];
    if (name !== undefined) {
      pieces.push({ text: values[name as SevenName] ?? '', name: name as SevenName });
    }
    if (rest) pieces.push({ text: rest });
  }
  return pieces;
}
