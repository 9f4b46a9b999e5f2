import type { Event } from '@/api/types';
import { fieldOf } from './event';

/** A command that an agent was asked for. Its number is greater than JavaScript can count: a text. */
export interface Asked {
  id: string;
  listening: boolean;
}

/** What the server says to a command, as it stands there. */
export function askedOf(text: string): Asked {
  const id = /"id"\s*:\s*(\d+)/.exec(text)?.[1];
  if (id === undefined) throw new Error('the answer names no command');
  return { id, listening: JSON.parse(text).listening === true };
}

export interface AskedFile {
  path: string;
  size?: number;
  sha256?: string;
  /** Why it has no hash. */
  error?: string;
}

/** What an agent has told of a command so far. */
export interface Told {
  files: AskedFile[];
  /** How many there are in all, once all were told. */
  count?: number;
  /** Nothing more comes. */
  end?: 'done' | 'refused' | 'failed';
  reason?: string;
  /** Where the service shows what was given to it. */
  link?: string;
}

const text = (event: Event, field: string) => {
  const value = fieldOf(event, field);
  return typeof value === 'string' ? value : undefined;
};
const number = (event: Event, field: string) => {
  const value = fieldOf(event, field);
  return typeof value === 'number' ? value : undefined;
};

const ENDS: Record<string, Told['end']> = {
  'command-done': 'done',
  'command-refused': 'refused',
  'upload-done': 'done',
  'upload-refused': 'refused',
  'upload-failed': 'failed',
};

/** An address that may be a link: nothing else of an event becomes one. */
const linkOf = (address: string | undefined) =>
  address && /^https:\/\/[a-z0-9.-]+\//.test(address) ? address : undefined;

/** Events of one command, in any order. */
export function toldOf(events: readonly Event[]): Told {
  const told: Told = { files: [] };
  for (const event of events) {
    const action = text(event, 'event.action') ?? '';
    const path = text(event, 'file.path');
    const isFile = action === 'file-hashed' || action === 'file-not-hashed';
    if (isFile && path !== undefined) {
      told.files.push({
        path,
        size: number(event, 'file.size'),
        sha256: text(event, 'file.hash.sha256'),
        error: text(event, 'error.message'),
      });
    }
    const end = Object.hasOwn(ENDS, action) ? ENDS[action] : undefined;
    if (!end) continue;
    told.end = end;
    told.reason = text(event, 'error.message');
    told.count = number(event, 'watchpost.command.files');
    told.link = linkOf(text(event, 'watchpost.upload.link'));
  }
  told.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return told;
}

/** Services that files may be given to: both the server and the agent have to allow it. */
export function uploadServices(
  services: readonly { name: string; upload: boolean }[] | undefined,
  ofAgent: readonly string[] | undefined,
): string[] {
  const allowed = services?.filter((service) => service.upload).map((service) => service.name);
  return allowed?.filter((name) => ofAgent?.includes(name)) ?? [];
}
