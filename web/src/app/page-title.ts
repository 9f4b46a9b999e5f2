import { useEffect } from 'react';

/** The title of the window: what is seen, then the product. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Watchpost` : 'Watchpost';
  }, [title]);
}
