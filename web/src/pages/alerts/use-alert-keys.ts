import type { RefObject } from 'react';
import { flushSync } from 'react-dom';
import type { AlertInfo } from '@/api/types';
import { useKeys } from '@/parts/use-keys';
import type { Selection } from './use-selection';
import type { View } from './use-view';

interface Keys {
  view: View;
  alerts: AlertInfo[] | undefined;
  current: number | undefined;
  setCursor(id: number): void;
  selection: Selection;
  noteOfMany: RefObject<HTMLInputElement | null>;
  noteOfOne: RefObject<HTMLInputElement | null>;
}

/** j and k move, and open the next alert while one is open; Enter opens, x selects, a acknowledges. */
export function useAlertKeys(keys: Keys): void {
  const { view, alerts = [], current, setCursor, selection, noteOfMany, noteOfOne } = keys;
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
  const chosen = alerts.find((alert) => alert.id === current);
  const acknowledge = () => {
    if (view.id !== undefined && noteOfOne.current && selection.ids.size === 0) {
      noteOfOne.current.focus();
      return;
    }
    // The field appears only with a selection, and the next key is meant for it already.
    if (selection.ids.size === 0 && chosen?.state === 'open') {
      flushSync(() => selection.toggle(chosen.id));
    }
    noteOfMany.current?.focus();
  };
  const open = () => current !== undefined && view.open(current);
  const leave = () => {
    if (view.id !== undefined) {
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
    ['x', () => chosen?.state === 'open' && selection.toggle(chosen.id)],
    ['a', acknowledge],
    ['Escape', leave],
  ];
  useKeys(Object.fromEntries(bindings));
}
