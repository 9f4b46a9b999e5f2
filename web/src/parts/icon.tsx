/** Line icons on a 16 px grid. Only where a word would not fit; the label is the button's. */
const SHAPES = {
  back: 'M9.5 3.5 5 8l4.5 4.5',
  chevron: 'm4.5 6.5 3.5 3.5 3.5-3.5',
  right: 'm6.5 4.5 3.5 3.5-3.5 3.5',
  close: 'm4 4 8 8m0-8-8 8',
  minus: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Zm3.3 7.8L14 14M5 7h4',
  plus: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Zm3.3 7.8L14 14M5 7h4M7 5v4',
  include: 'M8 3v10M3 8h10',
  exclude: 'M3 8h10',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
  column: 'M3 3.5h10v9H3zM8 3.5v9',
  copy: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  link: 'M6.5 9.5 9.5 6.5M7 5l1.6-1.6a2.4 2.4 0 0 1 3.4 0l.6.6a2.4 2.4 0 0 1 0 3.4L11 9M9 11l-1.6 1.6a2.4 2.4 0 0 1-3.4 0L3.4 12a2.4 2.4 0 0 1 0-3.4L5 7',
  check: 'm3.5 8.5 3 3 6-7',
  theme: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z',
  context: 'M3 4h10M3 12h10M5.5 8h5M3 8h.01',
  left: 'M9.5 4.5 6 8l3.5 3.5',
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path
        d={SHAPES[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      {name === 'theme' && <path d="M8 2.5a5.5 5.5 0 1 0 0 11z" fill="currentColor" />}
    </svg>
  );
}
