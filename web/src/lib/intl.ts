/** Intl objects are slow to make and quick to use: one of each kind and language is kept. */
const kept = new Map<string, unknown>();
let language = 'en';

export function setIntlLanguage(next: string): void {
  language = next;
}

export function intlOf<T>(kind: string, make: (language: string) => T): T {
  const key = `${kind}/${language}`;
  let found = kept.get(key) as T | undefined;
  if (!found) {
    found = make(language);
    kept.set(key, found);
  }
  return found;
}
