import { useSyncExternalStore } from 'react';
import type { Zone } from '@/lib/time';

/** What a person sets once and expects everywhere. What belongs to a view is in its address. */
export interface Settings {
  zone: Zone;
  wrap: boolean;
  dense: boolean;
  facets: boolean;
  histogram: boolean;
  /** Columns of the last search and their widths in pixels. */
  columns: string[];
  widths: Record<string, number>;
  /** Facets a person added or folded. */
  added: string[];
  folded: string[];
}

const KEY = 'watchpost.settings';

const DEFAULTS: Settings = {
  zone: 'local',
  wrap: false,
  dense: false,
  facets: true,
  histogram: true,
  columns: ['host.name', 'source', 'message'],
  widths: {},
  added: [],
  folded: [],
};

/** Takes from storage only what has the shape it should have. */
export function readSettings(text: string | null): Settings {
  if (!text) return DEFAULTS;
  try {
    const kept = JSON.parse(text) as Record<string, unknown>;
    const settings: Record<string, unknown> = { ...DEFAULTS };
    for (const [name, standard] of Object.entries(DEFAULTS)) {
      const value = kept[name];
      if (typeof value !== typeof standard || value === null) continue;
      if (Array.isArray(standard) !== Array.isArray(value)) continue;
      settings[name] = Array.isArray(value) ? value.filter((v) => typeof v === 'string') : value;
    }
    if (settings.zone !== 'utc') settings.zone = 'local';
    return settings as unknown as Settings;
  } catch {
    return DEFAULTS;
  }
}

function load(): Settings {
  try {
    return readSettings(localStorage.getItem(KEY));
  } catch {
    return DEFAULTS;
  }
}

let current: Settings | undefined;
const listeners = new Set<() => void>();

export function getSettings(): Settings {
  current ??= load();
  return current;
}

export function setSettings(change: Partial<Settings>): void {
  current = { ...getSettings(), ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // It holds for this visit then.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSettings(): Settings {
  return useSyncExternalStore(subscribe, getSettings);
}
