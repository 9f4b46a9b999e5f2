import { useEffect, useRef } from 'react';

const WRITING = 'textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]';

function isWriting(target: Element): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return target.closest(WRITING) !== null;
}

/** Keys of a page: none of them while a person writes, or while a menu or dialog is open. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const run = latest.current[event.key];
      if (!run || !(event.target instanceof Element) || isWriting(event.target)) return;
      if (document.querySelector('[role="dialog"][aria-modal="true"]')) return;
      // Enter on a button or a link is theirs.
      if (event.key === 'Enter' && event.target.closest('button, a, summary')) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
