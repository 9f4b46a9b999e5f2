import type { AlertDetail, AlertInfo, AlertNote } from '@/api/types';

/** Why an alert is closed, the usual first. */
export const REASONS = ['resolved', 'false-positive', 'expected', 'duplicate', 'other'] as const;
export type Reason = (typeof REASONS)[number];

/** What people do about alerts. */
export type Change =
  | { kind: 'acknowledge' | 'reopen'; ids: number[]; note?: string }
  | { kind: 'close'; ids: number[]; reason: Reason; note?: string }
  | { kind: 'assign'; ids: number[]; to: string }
  | { kind: 'comment'; ids: number[]; text: string };
export type ChangeKind = Change['kind'];

/** In the order in which they are offered. */
export const KINDS: readonly ChangeKind[] = ['acknowledge', 'close', 'reopen', 'assign', 'comment'];

/** Whether a change does something to at least one of these. */
export function isPossible(kind: ChangeKind, alerts: readonly AlertInfo[]): boolean {
  if (kind === 'acknowledge') return alerts.some(({ state }) => state === 'open');
  if (kind === 'close') return alerts.some(({ state }) => state !== 'closed');
  if (kind === 'reopen') return alerts.some(({ state }) => state !== 'open');
  return alerts.length > 0;
}

export interface By {
  who: string | undefined;
  /** RFC 3339 */
  at: string;
}

/** Everything that says somebody has seen to it; opening again takes it away. */
const UNSEEN = {
  acknowledged_by: undefined,
  acknowledged: undefined,
  closed_by: undefined,
  closed: undefined,
  close_reason: undefined,
};

/** An alert as it will be; the same object where the change does nothing to it. */
export function changed(alert: AlertInfo, change: Change, by: By): AlertInfo {
  if (!change.ids.includes(alert.id)) return alert;
  if (!isPossible(change.kind, [alert])) return alert;
  switch (change.kind) {
    case 'acknowledge':
      return {
        ...alert,
        state: 'acknowledged',
        acknowledged_by: by.who,
        acknowledged: by.at,
        note: change.note ?? alert.note,
      };
    case 'close':
      return {
        ...alert,
        state: 'closed',
        closed_by: by.who,
        closed: by.at,
        close_reason: change.reason,
        note: change.note ?? alert.note,
      };
    case 'reopen':
      return { ...alert, ...UNSEEN, state: 'open', note: change.note ?? alert.note };
    case 'assign':
      return (alert.assignee ?? '') === change.to
        ? alert
        : { ...alert, assignee: change.to || undefined };
    case 'comment':
      return { ...alert, note: change.text };
  }
}

const ACTIONS = {
  acknowledge: 'acknowledged',
  close: 'closed',
  reopen: 'reopened',
  assign: 'assigned',
  comment: 'commented',
} as const;

/** What the history will say of a change. */
function noteOf(change: Change, by: By): AlertNote {
  const action = ACTIONS[change.kind];
  const { who: author = '', at: time } = by;
  switch (change.kind) {
    case 'close':
      return {
        time,
        author,
        action,
        note: [change.reason, change.note].filter(Boolean).join(': '),
      };
    case 'assign':
      return { time, author, action, note: change.to };
    case 'comment':
      return { time, author, action, note: change.text };
    default:
      return { time, author, action, note: change.note ?? '' };
  }
}

/** An alert with its history as they will be. */
export function changedDetail(detail: AlertDetail, change: Change, by: By): AlertDetail {
  const alert = changed(detail.alert, change, by);
  if (alert === detail.alert) return detail;
  return { ...detail, alert, history: [...detail.history, noteOf(change, by)] };
}

/** The reason and what was said with it, of a note on closing: `expected: planned work`. */
export function closeNote(note: string): { reason?: Reason; text: string } {
  const reason = REASONS.find((one) => note === one || note.startsWith(`${one}: `));
  return reason ? { reason, text: note.slice(reason.length + 2) } : { text: note };
}
