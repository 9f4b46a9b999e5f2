/**
 * What the server speaks, in the words the interface uses. The description in openapi.json cannot say what
 * an event is or which words a level has, so this is written by hand; `agreement.ts` holds it to what is
 * generated from there (`npm run types`). Everything within an event is untrusted text.
 */
import type {
  Channels,
  ChannelTried,
  MadeChannel,
  MadeRoutes,
  MessageInfo,
  MessageState,
  NewSilence,
  Settings,
  SilenceInfo,
  SilencePreview,
} from './alerting';
import type { AuditEntry, AuditQuery, LookupKnown, LookupService } from './auditing';
import type {
  CheckedText,
  NewException,
  RuleException,
  Rules,
  RuleView,
  TriedText,
} from './ruling';

export type * from './alerting';
export type * from './auditing';
export type * from './ruling';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** One event: a nested ECS object. */
export type Event = { [name: string]: Json };

export interface ErrorBody {
  error: { code: string; message: string; details?: Json };
}

export interface SessionInfo {
  user: string;
  role: string;
  must_change_password: boolean;
  expires: string;
  version: string;
}

/** debug, info, warning, error, critical, emergency, none */
export type SeverityCounts = number[];

export interface Bucket {
  start: string;
  total: number;
  counts: SeverityCounts;
}

export interface Histogram {
  /** nanoseconds */
  interval: number;
  buckets: Bucket[];
  damage?: string[];
}

export interface ValueCount {
  value: Json;
  count: number;
}

export interface Facet {
  field: string;
  values: ValueCount[];
  missing: number;
  other: number;
}

export interface Facets {
  facets: Facet[];
  total: number;
  complete: boolean;
}

export type FieldKind = 'text' | 'number' | 'boolean' | 'time' | 'list';

export interface FieldInfo {
  name: string;
  kind: FieldKind;
  events: number;
}

export interface Fields {
  fields: FieldInfo[];
  examined: number;
}

export interface Values {
  field: string;
  values: ValueCount[];
  complete: boolean;
}

export interface Page {
  events: Event[];
  next?: string;
  damage?: string[];
}

export interface Progress {
  examined: number;
  /** 0..1 */
  done: number;
  /** Everything newer has been searched. */
  until?: string;
}

/** A search or an export under way. */
export interface RunningSearch {
  id: number;
  user: string;
  /** search, table or export */
  kind: string;
  q: string;
  began: string;
  progress: Progress;
  /** rows that have left */
  rows: number;
}

export interface StreamEnd {
  next?: string;
  rows: number;
  examined: number;
  blocks_read: number;
  blocks_pruned: number;
  took_ms: number;
  cancelled?: boolean;
  damage?: string[];
}

export type ColumnRole = 'group' | 'time' | 'value' | 'field';

export interface TableColumn {
  name: string;
  role: ColumnRole;
  /** Some values are estimates. */
  estimated: boolean;
}

/** What the pipes of a search give: rows, or events where there are no columns. */
export interface TableAnswer {
  columns: TableColumn[];
  rows: Json[][];
  events: Event[];
  more: boolean;
  cut?: { reason: string; until?: string; message: string };
  notes?: string[];
  cost: {
    examined: number;
    blocks_read: number;
    blocks_pruned: number;
    bytes: number;
    took_ms: number;
  };
  damage?: string[];
}

export type AlertState = 'open' | 'acknowledged' | 'closed';
export type AlertLevel = 'informational' | 'low' | 'medium' | 'high' | 'critical';

export interface AlertInfo {
  id: number;
  state: AlertState;
  level: AlertLevel;
  rule_id?: string;
  rule: string;
  count: number;
  first: string;
  last: string;
  host?: string;
  user?: string;
  message: string;
  /** 0 to 100: the level, and more the more often it happened */
  score: number;
  assignee?: string;
  acknowledged_by?: string;
  acknowledged?: string;
  closed_by?: string;
  closed?: string;
  close_reason?: string;
  /** What was last said of it. */
  note?: string;
  event?: Event;
}

export interface AlertList {
  alerts: AlertInfo[];
  waiting: { [channel: string]: number };
  counts?: { state: AlertState; level: AlertLevel; count: number }[];
}

export interface Seven {
  who?: string;
  what?: string;
  on_what?: string;
  when: string;
  where?: string;
  from_where?: string;
  to_where?: string;
}

/** How many events there are, by the values of fields: one in `key` for each. */
export interface Counted {
  total: number;
  groups: { key: Json[]; count: number }[];
  other: number;
  damage?: string[];
}

export interface RuleDetail {
  id?: string;
  title: string;
  level: AlertLevel;
  tags: string[];
  file: string;
  description?: string;
  yaml?: string;
}

export interface AlertEvent {
  id: string;
  time: string;
  event?: Event;
}

export interface AlertMessage {
  channel: string;
  state: MessageState;
  attempts: number;
  created: string;
  finished?: string;
  /** Why the last try failed, or why it is not sent. */
  error?: string;
  /** For how many detections. */
  count: number;
}

/** Something that was done about an alert; of an assignment `note` says to whom. */
export interface AlertNote {
  time: string;
  author: string;
  action: 'acknowledged' | 'closed' | 'reopened' | 'assigned' | 'commented';
  note: string;
}

export interface AlertDetail {
  alert: AlertInfo;
  seven: Seven;
  rule?: RuleDetail;
  events: AlertEvent[];
  messages: AlertMessage[];
  /** The oldest first. */
  history: AlertNote[];
}

/** A report that was made. */
export interface ReportInfo {
  id: number;
  /** `security` or `host` */
  kind: string;
  host?: string;
  from: string;
  /** It does not belong to it. */
  to: string;
  made: string;
  /** `schedule`: the configuration. */
  made_by: string;
}

export interface NewReport {
  host?: string;
  from: string;
  to: string;
  language: string;
  /** IANA name */
  timezone: string;
}

/** A declared hole: what lies in `(from, to]` will never come. */
export interface Skip {
  from: number;
  to: number;
  /** `before-start` is by configuration; every other reason is a loss. */
  reason: string;
  /** 0 where it is not known */
  records: number;
}

/** Records that were read and are not stored, and how old the oldest is. */
export interface Lag {
  records: number;
  seconds: number;
}

export interface StreamState {
  agent: string;
  stream: string;
  epoch: string;
  /** As the agent says; absent without its health report. */
  read_to?: number;
  spooled?: number;
  cursor: number;
  stored: number;
  lag: Lag;
  read: number;
  events: number;
  stored_events: number;
  dropped: { [reason: string]: number };
  rejected: number;
  overlong: { records: number; omitted: number };
  duplicates: number;
  duplicates_at_readers: number;
  conflicts: number;
  skips: Skip[];
  gaps: number;
  unwatched: { from: string; to: string }[];
  last_read?: string;
  updated: string;
  silent_since?: string;
  expected_seconds?: number;
  ended: boolean;
}

export interface SourceState {
  name: string;
  scanned?: string;
  read?: string;
  waits?: boolean;
  trouble?: string;
}

export interface DeliveryHost {
  agent: string;
  host?: string;
  state: 'silent' | 'stopped' | 'reporting' | 'unknown';
  heard?: string;
  version?: string;
  lag: Lag;
  spool?: { bytes: number; max_bytes: number; records: number; oldest?: string; full?: string };
  sources: SourceState[];
  streams_left_out: number;
  commands?: string[];
  uploads?: string[];
}

/** What is not as it should be. `what` and `remedy` are the server's own English; the rest are their numbers. */
export interface Finding {
  kind:
    | 'damage'
    | 'gap'
    | 'conflict'
    | 'rejected'
    | 'faults'
    | 'host-silent'
    | 'stream-silent'
    | 'server-full'
    | 'reader-stopped'
    | 'reader-behind'
    | 'spool-full'
    | 'agent-trouble'
    | 'lagging'
    | 'source-trouble'
    | 'unwatched'
    | 'overlong'
    | 'duplicates';
  tone: 'bad' | 'warn' | 'note';
  what: string;
  remedy: string;
  command?: string;
  agent?: string;
  host?: string;
  stream?: string;
  name?: string;
  detail?: string;
  count: number;
  records: number;
  bytes: number;
  seconds: number;
  since?: string;
}

export interface Delivery {
  at: string;
  verdict: 'none' | 'lost' | 'silent' | 'behind' | 'arriving' | 'whole';
  findings: Finding[];
  findings_left_out: number;
  hosts: DeliveryHost[];
  streams: StreamState[];
  readers: { reader: string; behind_bytes: number; error?: string }[];
  damage: string[];
}

export interface AgentInfo {
  agent_id: string;
  timestamp: string;
  status: string;
  metrics: { [name: string]: Json };
  received_at: string;
}

export interface HostState {
  agent: string;
  name?: string;
  state: 'reporting' | 'late' | 'silent';
  last: string;
  streams?: number;
}

export interface Overview {
  at: string;
  hosts: HostState[];
  events: { last_day: number; day_before: number; hours: Bucket[] };
  alerts: {
    open: { level: AlertLevel; count: number }[];
    last_day: number;
    day_before: number;
    newest: AlertInfo[];
  };
  delivery: {
    streams: number;
    gaps: number;
    dropped: number;
    rejected: number;
    behind_bytes: number;
    damage: string[];
  };
  store: {
    events: number;
    bytes: number;
    raw_bytes: number;
    head_events: number;
    first?: string;
    last?: string;
  };
}

type Answer<T> = {
  responses: {
    200: { content: { 'application/json': T } };
    default: { content: { 'application/json': ErrorBody } };
  };
};
type Nothing = {
  responses: {
    204: { content?: never };
    default: { content: { 'application/json': ErrorBody } };
  };
};
type Query<Q> = { parameters: { query?: Q } };
type Body<B> = { requestBody: { content: { 'application/json': B } } };
type OfRule = { parameters: { path: { key: string } } };
type Searched = { q?: string; from?: string; to?: string };

/** In the form openapi-typescript writes. */
export interface paths {
  '/audit': {
    get: Query<AuditQuery> & Answer<{ entries: AuditEntry[] }>;
  };
  '/agents/{id}/commands': {
    post: { parameters: { path: { id: string } } } & Body<{
      command: string;
      path: string;
      service?: string;
    }> &
      Answer<{ id: number; listening: boolean }>;
  };
  '/lookups': {
    post: Body<{ indicators: string[]; wait: number }> & Answer<{ lookups: LookupKnown[] }>;
  };
  '/lookups/services': { get: Answer<{ services: LookupService[] }> };
  '/session': {
    get: Answer<SessionInfo>;
    post: Body<{ username: string; password: string }> & Answer<SessionInfo>;
    delete: Nothing;
  };
  '/session/password': {
    post: Body<{ current: string; password: string }> & Answer<SessionInfo>;
  };
  '/search': { get: Query<Searched & { limit?: number; after?: string }> & Answer<Page> };
  '/search/histogram': { get: Query<Searched & { interval?: string }> & Answer<Histogram> };
  '/search/facets': {
    get: Query<Searched & { fields?: string; limit?: number }> & Answer<Facets>;
  };
  '/search/fields': { get: Query<Searched> & Answer<Fields> };
  '/search/values': {
    get: Query<Searched & { field: string; prefix?: string; limit?: number }> & Answer<Values>;
  };
  '/search/context': {
    get: Query<{ id: string; before?: number; after?: number }> & Answer<{ events: Event[] }>;
  };
  '/searches/running': { get: Answer<{ searches: RunningSearch[] }> };
  '/searches/running/{id}': {
    delete: { parameters: { path: { id: number } } } & Answer<RunningSearch>;
  };
  '/alerts': {
    get: Query<{
      state?: AlertState | 'all';
      level?: AlertLevel;
      since?: string;
      limit?: number;
      before?: number;
    }> &
      Answer<AlertList>;
  };
  '/alerts/{id}': { get: { parameters: { path: { id: number } } } & Answer<AlertDetail> };
  '/alerts/acknowledge': {
    post: Body<{ ids: number[]; note?: string }> & Answer<{ alerts: AlertInfo[] }>;
  };
  '/alerts/close': {
    post: Body<{ ids: number[]; reason: string; note?: string }> & Answer<{ alerts: AlertInfo[] }>;
  };
  '/alerts/reopen': {
    post: Body<{ ids: number[]; note?: string }> & Answer<{ alerts: AlertInfo[] }>;
  };
  '/alerts/assign': {
    post: Body<{ ids: number[]; to: string }> & Answer<{ alerts: AlertInfo[] }>;
  };
  '/alerts/comment': {
    post: Body<{ ids: number[]; text: string }> & Answer<{ alerts: AlertInfo[] }>;
  };
  '/silences': {
    get: Query<{ past?: boolean }> & Answer<{ silences: SilenceInfo[] }>;
    post: Body<NewSilence> & Answer<SilenceInfo>;
  };
  '/silences/{id}/end': {
    post: { parameters: { path: { id: number } } } & Answer<SilenceInfo>;
  };
  '/silences/preview': { post: Body<{ when: string }> & Answer<SilencePreview> };
  '/channels': {
    get: Answer<Channels>;
    post: Body<{ settings: Settings }> & Answer<MadeChannel>;
  };
  '/channels/{name}': {
    put: { parameters: { path: { name: string } } } & Body<{
      settings: Settings;
      version: number;
    }> &
      Answer<MadeChannel>;
    delete: { parameters: { path: { name: string }; query: { version: number } } } & Nothing;
  };
  '/channels/try': {
    post: Body<{ settings: Settings; replaces?: string }> & Answer<{ tried: ChannelTried[] }>;
  };
  '/channels/preview': {
    post: Body<{ settings: Settings; alert: number }> & Answer<{ text: string }>;
  };
  '/routes': { put: Body<MadeRoutes> & Answer<MadeRoutes> };
  '/channels/{name}/test': {
    post: { parameters: { path: { name: string } } } & Answer<{ tried: ChannelTried[] }>;
  };
  '/channels/{name}/preview': {
    get: { parameters: { path: { name: string }; query: { alert: number } } } & Answer<{
      text: string;
    }>;
  };
  '/messages': {
    get: Query<{ state?: MessageState; channel?: string }> & Answer<{ messages: MessageInfo[] }>;
  };
  '/messages/resend': { post: Body<{ ids: number[] }> & Answer<{ waiting: number }> };
  '/search/stats': { get: Query<Searched & { by?: string; limit?: number }> & Answer<Counted> };
  '/rules': {
    get: Answer<Rules>;
    post: Body<{ text: string; note?: string }> & Answer<RuleView>;
  };
  '/rules/{key}': {
    get: OfRule & Answer<RuleView>;
    put: OfRule & Body<{ text: string; note?: string; version: number }> & Answer<RuleView>;
    delete: {
      parameters: { path: { key: string }; query: { version: number; note?: string } };
    } & Nothing;
  };
  '/rules/{key}/disable': { post: OfRule & Body<{ reason: string }> & Answer<RuleView> };
  '/rules/{key}/enable': { post: OfRule & Body<{ reason: string }> & Answer<RuleView> };
  '/rules/{key}/exceptions': { post: OfRule & Body<NewException> & Answer<RuleException> };
  '/rules/exceptions/{id}/end': {
    post: { parameters: { path: { id: number } } } & Answer<RuleException>;
  };
  '/rules/check': { post: Body<{ text: string; key?: string }> & Answer<CheckedText> };
  '/rules/test': { post: Body<{ text: string; samples: Json[] }> & Answer<TriedText> };
  '/reports': {
    get: Answer<{ reports: ReportInfo[] }>;
    post: Body<NewReport> & Answer<ReportInfo>;
  };
  '/reports/{id}': { delete: { parameters: { path: { id: number } } } & Nothing };
  '/delivery': { get: Answer<Delivery> };
  '/agents': { get: Answer<{ agents: AgentInfo[] }> };
  '/overview': { get: Answer<Overview> };
}
