import { sessionLasts } from '@/api/session';
import { openTail, type TailStatus } from '@/api/tail';
import { Ring } from '@/lib/ring';
import { Row, type Rows } from './row';

export interface LiveState extends Rows {
  status: TailStatus;
  paused: boolean;
  /** How many arrived since the pause. */
  waiting: number;
  /** More arrived during the pause than are kept. */
  overflowed: boolean;
  /** Events per second that arrive. */
  rate: number;
}

export const LIVE_ROWS = 10_000;
/** More than a person can read, and what a browser draws without effort. */
const EVENTS_PER_SECOND = 500;
const DRAW_MS = 100;
const RATE_SECONDS = 5;

/**
 * The number of events a message declares as left out; cheap for all the others. The server's own
 * declarations have no agent, and every event has: none can pass itself off as one.
 */
export function shedOf(json: string): number | undefined {
  if (json.length > 2000 || !json.includes('"shed":')) return undefined;
  try {
    const said = JSON.parse(json) as { agent?: unknown; watchpost?: { shed?: unknown } };
    const shed = said.watchpost?.shed;
    return said.agent === undefined && typeof shed === 'number' ? shed : undefined;
  } catch {
    return undefined;
  }
}

/** Keys count up, so the place is known at once unless events were let go in between. */
function indexIn(rows: Ring<Row>, key: number): number {
  const guess = (rows.newest(0)?.key ?? -1) - key;
  if (rows.newest(guess)?.key === key) return guess;
  for (let index = 0; index < rows.size; index += 1) {
    if (rows.newest(index)?.key === key) return index;
  }
  return -1;
}

/**
 * Live events in a list that keeps the newest. While paused, the list stands still and what arrives
 * waits beside it; both are bounded, whatever comes.
 */
export class Live {
  private shown = new Ring<Row>(LIVE_ROWS);
  private waiting = new Ring<Row>(LIVE_ROWS);
  private listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ticker: ReturnType<typeof setInterval> | undefined;
  private close: (() => void) | undefined;
  private perSecond: number[] = [0];
  private key = 0;
  private status: TailStatus = { kind: 'connecting' };
  private paused = false;
  private began = 0;
  state: LiveState;

  constructor(private readonly q: string) {
    this.state = this.view();
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly snapshot = () => this.state;

  start(): void {
    this.ticker = setInterval(() => this.tick(), 1000);
    this.close = openTail(this.q, EVENTS_PER_SECOND, {
      mayRetry: sessionLasts,
      status: (status) => {
        this.status = status;
        this.draw();
      },
      message: (json) => this.add(json),
    });
  }

  stop(): void {
    this.close?.();
    clearTimeout(this.timer);
    clearInterval(this.ticker);
    this.listeners.clear();
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.began = this.waiting.added;
    this.draw();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const row of this.waiting.oldestFirst()) this.shown.push(row);
    this.waiting.clear();
    this.flush();
  }

  private add(json: string): void {
    this.key += 1;
    const shed = shedOf(json);
    (this.paused ? this.waiting : this.shown).push(new Row(json, this.key, shed));
    this.perSecond[this.perSecond.length - 1] = (this.perSecond.at(-1) ?? 0) + 1 + (shed ?? 0);
    this.draw();
  }

  private tick(): void {
    this.perSecond.push(0);
    if (this.perSecond.length > RATE_SECONDS + 1) this.perSecond.shift();
    this.draw();
  }

  private view(): LiveState {
    const whole = this.perSecond.slice(0, -1);
    const waiting = this.paused ? this.waiting.added - this.began : 0;
    const { shown } = this;
    return {
      grows: false,
      count: shown.size,
      at: (index) => shown.newest(index),
      indexOf: (key) => indexIn(shown, key),
      status: this.status,
      paused: this.paused,
      waiting,
      overflowed: waiting > LIVE_ROWS,
      rate: whole.length ? whole.reduce((sum, n) => sum + n, 0) / whole.length : 0,
    };
  }

  private draw(): void {
    this.timer ??= setTimeout(() => this.flush(), DRAW_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.state = this.view();
    for (const listener of this.listeners) listener();
  }
}
