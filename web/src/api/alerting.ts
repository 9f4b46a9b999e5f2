/** How people are told: silences, channels, routes and messages, as `types.ts` says of everything else. */
import type { Json } from './types';

export type MessageState =
  | 'waiting'
  | 'sent'
  | 'dead'
  | 'held'
  | 'told'
  | 'later'
  | 'dropped'
  | 'silenced';

/** What nobody is told for a time; without a number it stands in the configuration. */
export interface SilenceInfo {
  id?: number;
  when: string;
  hours?: string;
  reason: string;
  from?: string;
  until?: string;
  active: boolean;
  created_by?: string;
  created?: string;
  ended_by?: string;
  ended?: string;
}

export interface NewSilence {
  when: string;
  hours?: string;
  reason: string;
  until: string;
}

export interface SilencePreview {
  matching: number;
  looked_at: number;
  alerts: number[];
}

export interface ChannelInfo {
  name: string;
  /** Absent: it is configured no longer. */
  kind?: string;
  down: boolean;
  error?: string;
  messages: { [state: string]: number };
  waiting_since?: string;
  /** Absent: it stands in the configuration, and is changed there. */
  made?: MadeChannel;
}

/** The keys of a channel as the configuration has them; secrets go in and never come out. */
export type Settings = { [key: string]: Json };

/** A channel that was made here. */
export interface MadeChannel {
  settings: Settings;
  /** Secret keys that are set. */
  secrets: string[];
  /** Rises with every change. */
  version: number;
  changed_by: string;
  changed: string;
  /** Why it cannot be used. */
  problem?: string;
}

/** Who is told of what; what is empty is not asked for. */
export interface RouteInfo {
  when: string;
  hours: string;
  channels: string[];
  group: 'story' | 'none';
  after: number;
  within: string;
  digest: string;
  rate: string;
  escalate_after: string;
  escalate_channels: string[];
}

/** A route as it is made here; times as text, `5m`. */
export interface RouteSettings {
  when: string;
  hours: string;
  channels: string[];
  group: 'story' | 'none';
  after?: number;
  within?: string;
  digest: string;
  rate: string;
  escalate?: { after: string; channels: string[] };
}

/** Every route that was made here, in its order. */
export interface MadeRoutes {
  routes: RouteSettings[];
  version: number;
}

export interface Channels {
  channels: ChannelInfo[];
  /** All that are in force, those of the configuration first. */
  routes: RouteInfo[];
  made_routes: RouteSettings[];
  routes_version: number;
  /** Nobody wrote one: the usual two are in force. */
  default_routes: boolean;
  /** The template of what a channel without one says. */
  usual_template?: string;
}

export interface ChannelTried {
  channel: string;
  error?: string;
}

export interface MessageInfo {
  id: number;
  alert: number;
  channel: string;
  attempts: number;
  created: string;
  finished?: string;
  error?: string;
  text: string;
}
