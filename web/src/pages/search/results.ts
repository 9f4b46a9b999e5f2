import { ApiError, isAborted } from '@/api/client';
import { checkGate } from '@/api/queries';
import { searchStream } from '@/api/stream';
import type { Progress, StreamEnd } from '@/api/types';
import type { Span } from '@/lib/range';
import { Row, type Rows } from './row';

export interface ResultsState extends Rows {
  /** `running`: rows may still come by themselves; `more`: there are older ones to ask for. */
  phase: 'running' | 'more' | 'done' | 'full' | 'cancelled' | 'failed';
  /** The first page is being searched, not a following one. */
  first: boolean;
  progress?: Progress;
  end?: StreamEnd;
  /** Milliseconds until the first row was here. */
  firstRow?: number;
  examined: number;
  damage: string[];
  error?: unknown;
}

/** Pages grow as a person goes on scrolling: the first is there at once, later ones save requests. */
const PAGES = [300, 1000, 2000, 5000, 10_000];
export const ROWS_MAX = 200_000;

let searches = 0;

/**
 * One search: rows stream in and are counted into the state once in a frame. The rows themselves are
 * in one growing list that is never copied.
 */
export class Results {
  /** Which search of this visit it is. */
  readonly number = ++searches;
  private rows: Row[] = [];
  private pages = 0;
  private abort = new AbortController();
  private listeners = new Set<() => void>();
  private frame: number | undefined;
  private next: ResultsState;
  /** What there was before the page that is on its way. */
  private whole = { rows: 0, pages: 0, examined: 0 };
  private started = performance.now();
  state: ResultsState;

  constructor(
    private readonly q: string,
    private readonly span: Span,
  ) {
    const at = (index: number) => this.rows[index];
    // Keys are places here: rows are only ever added behind the others.
    const indexOf = (key: number) => (key < this.rows.length ? key : -1);
    const none = { grows: true, count: 0, examined: 0, damage: [] };
    this.next = { phase: 'running', first: true, ...none, at, indexOf };
    this.state = this.next;
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly snapshot = () => this.state;

  start(): void {
    void this.page();
  }

  /** Loads the next page, when there is one and none is on its way. */
  more(): void {
    if (this.next.phase === 'more') void this.page(this.next.end?.next);
  }

  /** Asks for the page that failed again; what came of it before would come twice. */
  retry(): void {
    if (this.next.phase !== 'failed') return;
    const { rows, pages, examined } = this.whole;
    this.rows.length = rows;
    this.pages = pages;
    this.put({ count: rows, examined });
    void this.page(this.next.end?.next);
  }

  cancel(): void {
    if (this.next.phase !== 'running') return;
    this.abort.abort();
    this.put({ phase: 'cancelled' });
  }

  /** Nobody looks any more. */
  close(): void {
    this.abort.abort();
    this.listeners.clear();
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
  }

  private async page(after?: string): Promise<void> {
    const limit = PAGES[Math.min(this.pages, PAGES.length - 1)] ?? 1000;
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.started = performance.now();
    const before = this.next.examined;
    this.whole = { rows: this.rows.length, pages: this.pages, examined: before };
    this.put({ phase: 'running', first: this.pages === 0, progress: undefined, error: undefined });
    this.pages += 1;
    try {
      for await (const item of searchStream({ q: this.q, span: this.span, limit, after }, signal)) {
        if (signal.aborted) return;
        if (item.kind === 'rows') this.add(item.rows);
        else if (item.kind === 'progress') {
          this.put({ progress: item.progress, examined: before + item.progress.examined });
        } else this.finish(item.end, before);
      }
      if (this.next.phase === 'running') {
        throw new ApiError('network', 'the answer ended early', 0);
      }
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      checkGate(error);
      this.put({ phase: 'failed', error });
    }
  }

  private add(rows: string[]): void {
    for (const json of rows) this.rows.push(new Row(json, this.rows.length));
    const { firstRow = performance.now() - this.started } = this.next;
    this.put({ count: this.rows.length, firstRow });
  }

  private finish(end: StreamEnd, before: number): void {
    const full = this.rows.length >= ROWS_MAX;
    const phase = end.cancelled ? 'cancelled' : !end.next ? 'done' : full ? 'full' : 'more';
    const damage = [...new Set([...this.next.damage, ...(end.damage ?? [])])];
    this.put({ phase, end, examined: before + end.examined, damage });
  }

  /** Changes gather until the next frame, so that a fast stream draws once and not a thousand times. */
  private put(change: Partial<ResultsState>): void {
    this.next = { ...this.next, ...change };
    if (document.hidden) {
      // Frames do not come in a window nobody sees.
      this.flush();
      return;
    }
    this.frame ??= requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    this.frame = undefined;
    this.state = this.next;
    for (const listener of this.listeners) listener();
  }
}
