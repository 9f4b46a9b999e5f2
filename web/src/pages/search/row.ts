import { parseEvent } from '@/api/stream';
import type { Event } from '@/api/types';

/** Parsed events are kept for the rows on screen and around them, not for a hundred thousand. */
const KEPT = 2000;
const parsed = new Map<Row, Event>();

/** One line of a result: its JSON, parsed when somebody looks at it. */
export class Row {
  constructor(
    readonly json: string,
    /** Unique within its result. */
    readonly key: number,
    /** Not an event but a declaration: this many were left out here. */
    readonly shed?: number,
  ) {}

  get event(): Event {
    const known = parsed.get(this);
    if (known) return known;
    const event = parseEvent(this.json);
    parsed.set(this, event);
    if (parsed.size > KEPT) {
      // A Map keeps the order of insertion: the first was parsed longest ago.
      for (const oldest of parsed.keys()) {
        parsed.delete(oldest);
        break;
      }
    }
    return event;
  }
}

/** What the table needs to know of a list of rows, newest first. */
export interface Rows {
  readonly count: number;
  at(index: number): Row | undefined;
  /** Where the row with a key stands now; -1 when it is gone. */
  indexOf(key: number): number;
}
