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
  open: {
    path: '/search?q=password',
    wait: 2500,
    act: async (page) => {
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForTimeout(400);
    },
  },
  json: {
    path: '/search?q=password',
    wait: 2500,
    act: async (page) => {
      await page.keyboard.press('j');
      await page.keyboard.press('o');
      await page.getByRole('tab', { name: 'JSON' }).click();
      await page.waitForTimeout(300);
    },
  },
  context: {
    path: '/search?q=password',
    wait: 2500,
    act: async (page) => {
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('c');
      await page.waitForTimeout(1500);
    },
  },
  mistake: { path: '/search?q=ошибка+host.name:web-1+broken(', wait: 2500 },
  empty: { path: '/search?q=nothinglikethis', wait: 2500 },
  emptyall: { path: '/search?from=2020-01-01&to=2020-01-02', wait: 2500 },
  slow: { path: '/search?q=slow&from=-24h', wait: 2500 },
  damaged: { path: '/search?q=damaged+error', wait: 2500 },
  wrapped: {
    path: '/search?cols=host.name,log.level,source,message',
    wait: 2500,
    act: async (page) => {
      await page.keyboard.press('w');
      await page.waitForTimeout(500);
    },
  },
  columns: {
    path: '/search',
    wait: 2500,
    act: async (page) => {
      await page.getByRole('button', { name: /^(Columns|Столбцы)$/ }).click();
      await page.waitForTimeout(500);
    },
  },
  keys: { path: '/search', wait: 2000, act: (page) => page.keyboard.press('?') },
  complete: {
    path: '/search',
    wait: 2000,
    act: async (page) => {
      await page.keyboard.press('/');
      await page.keyboard.type('error ho', { delay: 30 });
      await page.waitForTimeout(900);
    },
  },
  values: {
    path: '/search',
    wait: 2000,
    act: async (page) => {
      await page.keyboard.press('/');
      await page.keyboard.type('host.name:w', { delay: 30 });
      await page.waitForTimeout(900);
    },
  },
  hover: {
    path: '/search',
    wait: 2500,
    act: async (page) => {
      await page.mouse.move(700, 170);
      await page.waitForTimeout(300);
    },
  },
  facet: {
    path: '/search',
    wait: 2500,
    act: (page) => page.getByText('info', { exact: true }).first().hover(),
  },
  live: { path: '/search?live=1', wait: 6000 },
  paused: {
    path: '/search?live=1',
    wait: 6000,
    act: async (page) => {
      await page.mouse.move(700, 600);
      await page.mouse.wheel(0, 300);
      await page.waitForTimeout(4000);
    },
  },
  phone: { path: '/search', wait: 2500 },
  account: {
    path: '/overview',
    act: (page) => page.getByRole('button', { name: /admin/ }).click(),
  },
};
