/**
 * Holds types.ts to openapi.json: what the server may answer must be what the interface expects. Nothing
 * here is ever run; a difference is an error of the compiler.
 */
import type { components } from './schema';
import type * as ours from './types';

type Schemas = components['schemas'];

/** Described as optional because they may be left out of what is sent in; answers always have them. */
type Always =
  | 'dropped'
  | 'rejected'
  | 'skips'
  | 'damage'
  | 'records'
  | 'waiting'
  | 'metrics'
  | 'lag'
  | 'overlong'
  | 'duplicates'
  | 'duplicates_at_readers'
  | 'conflicts'
  | 'unwatched'
  | 'state'
  | 'sources'
  | 'streams_left_out'
  | 'verdict'
  | 'findings'
  | 'findings_left_out'
  | 'hosts'
  | 'count'
  | 'bytes'
  | 'seconds'
  | 'score'
  | 'problems'
  | 'unsupported'
  | 'deleted'
  | 'groups'
  | 'other';

/** Absent values are left out of answers and never null; what a description cannot say is `unknown`. */
type Answered<T> = unknown extends T
  ? // biome-ignore lint/suspicious/noExplicitAny: it fits wherever a type of ours says more
    any
  : T extends readonly (infer Item)[]
    ? Answered<Item>[]
    : T extends object
      ? string extends keyof T
        ? { [K in keyof T]: Answered<T[K]> }
        : { [K in keyof T as K extends Always ? never : K]: Answered<Exclude<T[K], null>> } & {
            [K in keyof T & Always]-?: Answered<Exclude<T[K], null | undefined>>;
          }
      : string extends T
        ? // biome-ignore lint/suspicious/noExplicitAny: words of a fixed list are plain text there
          any
        : T;

/** What may be answered must be what is expected: the compiler says where it is not. */
type Fits<Ours, Theirs extends Ours> = [Ours, Theirs];

type Answers<Name extends keyof Schemas> = Answered<Schemas[Name]>;

export type Agreement = [
  Fits<ours.SessionInfo, Answers<'SessionInfo'>>,
  Fits<ours.Histogram, Answers<'HistogramResponse'>>,
  Fits<ours.Facets, Answers<'FacetsResponse'>>,
  Fits<ours.Fields, Answers<'FieldsResponse'>>,
  Fits<ours.Values, Answers<'ValuesResponse'>>,
  Fits<ours.Page, Answers<'SearchResponse'>>,
  Fits<ours.Progress, Answers<'SearchProgress'>>,
  Fits<ours.RunningSearch, Answers<'RunningSearch'>>,
  Fits<ours.StreamEnd, Answers<'SearchEnd'>>,
  Fits<ours.TableAnswer, Answers<'TableResponse'>>,
  Fits<ours.ErrorBody, Answers<'ErrorBody'>>,
  Fits<ours.AlertList, Answers<'AlertsResponse'>>,
  Fits<ours.AlertDetail, Answers<'AlertDetail'>>,
  Fits<ours.Delivery, Answers<'DeliveryReport'>>,
  Fits<{ agents: ours.AgentInfo[] }, Answers<'AgentsResponse'>>,
  Fits<ours.Overview, Answers<'OverviewResponse'>>,
  Fits<{ silences: ours.SilenceInfo[] }, Answers<'SilencesResponse'>>,
  Fits<ours.SilencePreview, Answers<'SilencePreview'>>,
  // A route's keys are not described one by one.
  Fits<Omit<ours.Channels, 'made_routes'>, Answers<'ChannelsResponse'>>,
  Fits<ours.MadeChannel, Answers<'MadeChannelInfo'>>,
  Fits<{ tried: ours.ChannelTried[] }, Answers<'ChannelTestResponse'>>,
  Fits<{ text: string }, Answers<'ChannelPreview'>>,
  Fits<{ messages: ours.MessageInfo[] }, Answers<'MessagesResponse'>>,
  Fits<{ waiting: number }, Answers<'ResendResponse'>>,
  Fits<ours.Rules, Answers<'RulesResponse'>>,
  Fits<ours.RuleView, Answers<'RuleView'>>,
  Fits<ours.CheckedText, Answers<'CheckRuleResponse'>>,
  Fits<ours.TriedText, Answers<'TestRuleResponse'>>,
  Fits<ours.RuleException, Answers<'RuleExceptionInfo'>>,
  Fits<ours.BacktestProgress, Answers<'BacktestProgress'>>,
  Fits<ours.BacktestDetection, Answers<'BacktestDetection'>>,
  Fits<ours.BacktestEnd, Answers<'BacktestEnd'>>,
  Fits<ours.Counted, Answers<'CountsResponse'>>,
  Fits<{ reports: ours.ReportInfo[] }, Answers<'ReportsResponse'>>,
  Fits<{ entries: ours.AuditEntry[] }, Answers<'AuditResponse'>>,
  Fits<{ lookups: ours.LookupKnown[] }, Answers<'LookupsResponse'>>,
  Fits<{ services: ours.LookupService[] }, Answers<'LookupServicesResponse'>>,
];
