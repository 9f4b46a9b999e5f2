import { useEffect, useRef } from 'react';

const WRITING = 'textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]';
/** These mean something else on a button or a link. */
const CONTROL_KEYS = new Set(['Enter', 'ArrowDown', 'ArrowUp', 'Home', 'End']);
const CONTROLS = 'button, a, summary, [role="separator"], [role="tab"]';

function taken(event: KeyboardEvent): boolean {
  const { target } = event;
  if (!(target instanceof Element)) return false;
  if (document.querySelector('[role="dialog"][aria-modal="true"]')) return true;
  // Nobody writes into a checkbox.
  if (target instanceof HTMLInputElement && target.type !== 'checkbox') return true;
  if (target.closest(WRITING)) return true;
  return CONTROL_KEYS.has(event.key) && target.closest(CONTROLS) !== null;
}

/** Keys of a page: none of them while a person writes, or while a menu or dialog is open. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const run = latest.current[event.key];
      if (!run || taken(event)) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
