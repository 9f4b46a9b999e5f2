/**
 * The server's clock as the browser knows it. "The last hour" must mean the server's hour, even when
 * the laptop's clock is wrong: every answer's `Date` header corrects the difference.
 */
let offset = 0;

/** `Date` has whole seconds and the answer travelled: smaller differences mean nothing. */
const NOISE_MS = 2500;

export function learnClock(date: string | null): void {
  if (!date) return;
  const server = Date.parse(date);
  if (Number.isNaN(server)) return;
  const difference = server - Date.now();
  offset = Math.abs(difference) < NOISE_MS ? 0 : difference;
}

export function serverNow(): number {
  return Date.now() + offset;
}
