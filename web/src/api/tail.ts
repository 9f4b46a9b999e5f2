import { API } from './client';

export type TailStatus =
  | { kind: 'connecting' }
  | { kind: 'open' }
  | { kind: 'lost'; retryAt: number };

interface Listener {
  /** Asked before every further try: a browser does not say why a socket was refused. */
  mayRetry(): Promise<boolean>;
  status(status: TailStatus): void;
  message(text: string): void;
}

const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];

/** Live events of a query, until closed. A broken connection is tried again, ever more slowly. */
export function openTail(q: string, rate: number, listener: Listener): () => void {
  const url = new URL(`${API}/tail`, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = String(new URLSearchParams({ q, rate: String(rate) }));
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closed = false;

  const connect = () => {
    listener.status({ kind: 'connecting' });
    const now = new WebSocket(url);
    socket = now;
    now.onopen = () => {
      failures = 0;
      listener.status({ kind: 'open' });
    };
    now.onmessage = (event) => {
      if (typeof event.data === 'string') listener.message(event.data);
    };
    now.onclose = () => {
      if (closed) return;
      const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 30_000;
      failures += 1;
      listener.status({ kind: 'lost', retryAt: Date.now() + wait });
      timer = setTimeout(retry, wait);
    };
  };
  const retry = async () => {
    const may = await listener.mayRetry();
    if (may && !closed) connect();
  };
  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    socket?.close();
  };
}
