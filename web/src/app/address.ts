import { DEFAULT_RANGE, momentOf, type Range } from '@/lib/range';

/**
 * The address bar holds the state of every view. Parameters are plain text (`q=host.name:web-1`, not
 * JSON), so that addresses can be read, typed and sent; each route says what its parameters mean.
 */
export type Params = Record<string, unknown>;

export function parseParams(text: string): Params {
  const params: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) params[name] = value;
  return params;
}

/** Keeps what needs no escape readable; empty and missing parameters do not appear. */
export function formatParams(params: Record<string, unknown>): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null || value === '' || value === false) continue;
    const text = encodeURIComponent(value === true ? '1' : String(value))
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%2F', '/')
      .replaceAll('%40', '@')
      .replaceAll('%20', '+');
    pairs.push(`${encodeURIComponent(name)}=${text}`);
  }
  return pairs.length ? `?${pairs.join('&')}` : '';
}

/** How often a view refreshes by itself. */
export const REFRESH_SECONDS = [5, 10, 30, 60, 300] as const;

export interface TimeParams {
  from?: string;
  to?: string;
  /** seconds */
  refresh?: number;
  live?: boolean;
}

export function textParam(params: Params, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Checked parameters are checked again on the way: both what the address says and what that means. */
export function flagParam(params: Params, name: string): true | undefined {
  return params[name] === '1' || params[name] === true || undefined;
}

/** The parameters of every page with a time range; what cannot be read is left out. */
export function timeParams(params: Params): TimeParams {
  const readable = (name: 'from' | 'to') => {
    const text = textParam(params, name);
    return text !== undefined && momentOf(text, 0) !== undefined ? text : undefined;
  };
  const seconds = Number(params.refresh);
  return {
    from: readable('from'),
    to: readable('to'),
    refresh: REFRESH_SECONDS.find((every) => every === seconds),
    live: flagParam(params, 'live'),
  };
}

export function rangeOf(params: TimeParams): Range {
  return { from: params.from ?? DEFAULT_RANGE.from, to: params.to ?? DEFAULT_RANGE.to };
}
