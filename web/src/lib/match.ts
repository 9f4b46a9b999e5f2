/** Whether every word typed is in the text, in any order and case: "dar th" finds "Theme: Dark". */
export function matchesWords(typed: string, text: string): boolean {
  const haystack = text.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}
