import { useEffect, useState } from 'react';

/** Long enough for a word, short enough to feel at once. */
const PAUSE_MS = 250;

/** A text as it was when its writer last paused. */
export function useLate(text: string): string {
  const [late, setLate] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLate(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return late;
}
