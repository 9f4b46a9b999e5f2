import { isApiError } from '@/api/client';

/** A mistake in what was sent, and the key it is about. */
export interface Mistake {
  /** `token`, `escalate.after` */
  key: string;
  /** Of several, which; the first is 0. */
  place?: number;
  message: string;
}

const KEY = /^(?:\w+\[(\d{1,5})\]\.?)?(.*)$/;

/** What the server says is wrong, where it says with what. `route[2].when` is `when` of the third. */
export function mistakeOf(error: unknown): Mistake | undefined {
  if (!isApiError(error) || error.status !== 400) return undefined;
  const { details, message } = error;
  if (!details || typeof details !== 'object' || Array.isArray(details)) return undefined;
  if (typeof details.key !== 'string' || details.key === '') return undefined;
  const [, place, key = ''] = KEY.exec(details.key) ?? [];
  return { key, message, ...(place && { place: Number(place) }) };
}

/** The mistake as one of the fields that are shown; parts of a field (`headers.X-Team`) are its own. */
export function keyAmong(
  mistake: Mistake | undefined,
  keys: readonly string[],
): string | undefined {
  const { key } = mistake ?? {};
  return keys.find((one) => key === one || key?.startsWith(`${one}.`));
}
