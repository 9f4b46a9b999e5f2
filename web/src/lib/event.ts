import type { Event, Json } from '@/api/types';

/** What an event's parts are called in rows, filters and links. */
export type Leaf = string | number | boolean;

/** A field by its dotted name, also where a part of the name holds the dots itself. */
export function fieldOf(event: Json, name: string): Json | undefined {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return undefined;
  if (Object.hasOwn(event, name)) return event[name];
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const head = name.slice(0, dot);
    if (!Object.hasOwn(event, head)) continue;
    const found = fieldOf(event[head] as Json, name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    return value.map(textOf).join(', ');
  }
  return JSON.stringify(value);
}

export function timeOf(event: Event): string {
  return textOf(event['@timestamp']);
}

/** The event's one name in the store, as the context endpoint takes it; undefined for foreign shapes. */
export function idOf(event: Event): string | undefined {
  const own = fieldOf(event, 'event.id');
  const agent = fieldOf(event, 'agent.id');
  const [epoch, stream, position, n] = ['epoch', 'stream', 'position', 'n'].map((name) =>
    fieldOf(event, `watchpost.${name}`),
  );
  if (epoch === undefined || stream === undefined || position === undefined) {
    return typeof own === 'string' ? own : undefined;
  }
  return `${textOf(agent)}/${textOf(epoch)}/${textOf(stream)}@${textOf(position)}.${textOf(n ?? 0)}`;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Who wrote the line, as short as people say it: the program, or else the file, or the stream. */
export function sourceOf(event: Event): string {
  const process = fieldOf(event, 'process.name');
  if (typeof process === 'string' && process) return process;
  const path = fieldOf(event, 'log.file.path');
  if (typeof path === 'string' && path) return lastPart(path);
  return textOf(fieldOf(event, 'watchpost.stream') ?? fieldOf(event, 'event.dataset'));
}

/** The field `source` stands for in this event, to filter by. */
export function sourceField(event: Event): string {
  for (const name of ['process.name', 'log.file.path', 'watchpost.stream']) {
    const value = fieldOf(event, name);
    if (typeof value === 'string' && value) return name;
  }
  return 'event.dataset';
}

export interface FlatField {
  name: string;
  value: Json;
}

const DEPTH_MAX = 20;
const FIELDS_MAX = 1000;

/** Every field with its whole name, the important first; what is too deep stays one value of JSON. */
export function flatten(event: Event): { fields: FlatField[]; cut: boolean } {
  const fields: FlatField[] = [];
  let cut = false;
  const walk = (value: Json, name: string, depth: number) => {
    if (fields.length >= FIELDS_MAX) {
      cut = true;
    } else if (typeof value === 'object' && value && !Array.isArray(value) && depth < DEPTH_MAX) {
      for (const [part, inner] of Object.entries(value)) {
        walk(inner, name ? `${name}.${part}` : part, depth + 1);
      }
    } else {
      fields.push({ name, value });
    }
  };
  walk(event, '', 0);
  fields.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  return { fields, cut };
}

function rank(name: string): number {
  if (name === '@timestamp') return 0;
  if (name === 'message') return 1;
  return name.startsWith('watchpost.') ? 3 : 2;
}

/** The single values one can filter by: a list has several, an object none. */
export function leavesOf(value: Json | undefined): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item));
  return value === null || value === undefined || typeof value === 'object' ? [] : [value];
}
