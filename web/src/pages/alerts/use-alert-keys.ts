import type { AlertInfo } from '@/api/types';
import { useKeys } from '@/parts/use-keys';
import type { Acting } from './use-acting';
import type { Selection } from './use-selection';
import type { View } from './use-view';

interface Keys {
  view: View;
  alerts: AlertInfo[] | undefined;
  current: number | undefined;
  setCursor(id: number): void;
  selection: Selection;
  acting: Acting;
  showKeys(): void;
}

/** j and k move, and open the next alert while one is open; the others are in keys-dialog.tsx. */
export function useAlertKeys(keys: Keys): void {
  const { view, alerts = [], current, setCursor, selection, acting, showKeys } = keys;
  const move = (step: number) => {
    const at = alerts.findIndex((alert) => alert.id === current);
    const next = alerts[at < 0 ? 0 : Math.min(Math.max(at + step, 0), alerts.length - 1)];
    if (!next) return;
    setCursor(next.id);
    if (view.id === undefined) {
      // The focus goes along, so that Enter and screen readers know where one is.
      document.querySelector<HTMLElement>(`li[data-id="${next.id}"] a`)?.focus();
    } else if (next.id !== view.id) view.open(next.id);
  };
  const open = () => current !== undefined && view.open(current);
  const leave = () => {
    if (acting.asked) acting.ask(undefined);
    else if (view.id !== undefined) {
      setCursor(view.id);
      view.close();
    } else selection.set([]);
  };
  const bindings: [string, () => void][] = [
    ['j', () => move(1)],
    ['ArrowDown', () => move(1)],
    ['k', () => move(-1)],
    ['ArrowUp', () => move(-1)],
    ['Enter', open],
    ['o', open],
    ['x', () => current !== undefined && selection.toggle(current)],
    ['a', () => acting.ask('acknowledge')],
    ['c', () => acting.ask('close')],
    ['r', () => acting.ask('reopen')],
    ['i', acting.take],
    ['g', () => acting.ask('assign')],
    ['m', () => acting.ask('comment')],
    ['z', acting.silence],
    ['?', showKeys],
    ['Escape', leave],
  ];
  useKeys(Object.fromEntries(bindings));
}
