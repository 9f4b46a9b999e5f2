import { type RefObject, useLayoutEffect, useState } from 'react';

type Part = RefObject<HTMLDivElement | null>;

/** How far below the page's beginning the rows of a table begin; what stands above them may grow. */
export function useTop(body: Part, above: Part): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    if (!above.current) return;
    const measure = () => setTop(body.current?.offsetTop ?? 0);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(above.current);
    return () => observer.disconnect();
  }, [body, above]);
  return top;
}
