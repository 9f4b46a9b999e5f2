/** The last searches of this browser, newest first. */
const KEY = 'watchpost.queries';
const KEPT = 50;

export function earlierQueries(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((query) => typeof query === 'string') : [];
  } catch {
    return [];
  }
}

export function withQuery(earlier: string[], query: string): string[] {
  if (!query) return earlier;
  return [query, ...earlier.filter((other) => other !== query)].slice(0, KEPT);
}

export function remember(query: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(withQuery(earlierQueries(), query)));
  } catch {
    // Storage may be full or forbidden; the search runs all the same.
  }
}
