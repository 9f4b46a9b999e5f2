import type { StreamState } from '@/api/types';
import { isTrouble, keyOf, leftOut, OWN_AGENT, type Totals, totalsOf, waiting } from './delivery';
import { matchesWords } from './match';

/** The columns one can sort by. */
export const COLUMNS = [
  'stream',
  'read',
  'events',
  'stored',
  'lag',
  'leftout',
  'rejected',
  'gaps',
  'updated',
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Sort {
  column: Column;
  down: boolean;
}

/** `-gaps` is downward; nonsense means the order of names. */
export function sortOf(text: string | undefined): Sort {
  const down = text?.startsWith('-') ?? false;
  const column = COLUMNS.find((name) => name === text?.slice(down ? 1 : 0));
  return column ? { column, down } : { column: 'stream', down: false };
}

export function sortText({ column, down }: Sort): string | undefined {
  if (column === 'stream' && !down) return undefined;
  return down ? `-${column}` : column;
}

/** A number is most telling from its largest, a name from its beginning; the second click turns round. */
export function nextSort(sort: Sort, column: Column): Sort {
  if (sort.column === column) return { column, down: !sort.down };
  return { column, down: column !== 'stream' };
}

const VALUES: Record<Exclude<Column, 'stream' | 'updated'>, (stream: StreamState) => number> = {
  read: (stream) => stream.read,
  events: (stream) => stream.events,
  stored: (stream) => stream.stored_events,
  lag: waiting,
  leftout: leftOut,
  rejected: (stream) => stream.rejected,
  gaps: (stream) => stream.gaps,
};

function text(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareStreams({ column, down }: Sort) {
  const sign = down ? -1 : 1;
  return (a: StreamState, b: StreamState): number => {
    let order = 0;
    if (column === 'updated') order = text(a.updated, b.updated);
    else if (column !== 'stream') order = VALUES[column](a) - VALUES[column](b);
    else order = text(a.stream, b.stream);
    return order * sign || text(a.stream, b.stream) || text(a.epoch, b.epoch);
  };
}

export interface Group {
  agent: string;
  name?: string;
  streams: StreamState[];
  totals: Totals;
}

export interface View {
  words?: string;
  agent?: string;
  trouble?: boolean;
  sort: Sort;
}

/** Streams by agent. Groups keep the order of their names: a host stays where the eye left it. */
export function groupsOf(
  streams: readonly StreamState[],
  names: ReadonlyMap<string, string>,
  view: View,
): Group[] {
  const byAgent = new Map<string, StreamState[]>();
  for (const stream of streams) {
    if (view.agent && stream.agent !== view.agent) continue;
    if (view.trouble && !isTrouble(stream)) continue;
    if (view.words) {
      const name = names.get(stream.agent) ?? '';
      if (!matchesWords(view.words.trim(), `${stream.stream} ${stream.agent} ${name}`)) continue;
    }
    const group = byAgent.get(stream.agent);
    if (group) group.push(stream);
    else byAgent.set(stream.agent, [stream]);
  }
  const compare = compareStreams(view.sort);
  return [...byAgent]
    .map(([agent, own]) => ({
      agent,
      name: names.get(agent),
      streams: own.sort(compare),
      totals: totalsOf(own),
    }))
    .sort((a, b) => rank(a.agent) - rank(b.agent) || text(a.name ?? a.agent, b.name ?? b.agent));
}

/** The server's own stream is the least interesting and stands last. */
function rank(agent: string): number {
  return agent === OWN_AGENT ? 1 : 0;
}

export type Row =
  | { kind: 'group'; key: string; group: Group }
  | { kind: 'stream'; key: string; stream: StreamState }
  | { kind: 'detail'; key: string; stream: StreamState };

/** What the table shows, one after the other; only these few are ever on the page. */
export function rowsOf(
  groups: readonly Group[],
  folded: ReadonlySet<string>,
  open: string | undefined,
): Row[] {
  const rows: Row[] = [];
  for (const group of groups) {
    rows.push({ kind: 'group', key: `group ${group.agent}`, group });
    if (folded.has(group.agent)) continue;
    for (const stream of group.streams) {
      const key = keyOf(stream);
      rows.push({ kind: 'stream', key, stream });
      if (key === open) rows.push({ kind: 'detail', key: `detail ${key}`, stream });
    }
  }
  return rows;
}
