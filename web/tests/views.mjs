/** What there is to look at: an address, how long it takes to settle, and what to do there. */
export const views = {
  login: { path: '/login?ended=1' },
  password: { path: '/password' },
  missing: { path: '/nowhere' },
  overview: { path: '/overview' },
  search: { path: '/search', wait: 3000 },
  palette: { path: '/search', act: (page) => page.keyboard.press('Control+k') },
  range: {
    path: '/search?from=-1d',
    act: (page) => page.getByRole('button', { name: /^(Time range|Интервал времени):/ }).click(),
  },
  account: {
    path: '/overview',
    act: (page) => page.getByRole('button', { name: /admin/ }).click(),
  },
};
