import { aBusyDay, manyStreams, nothing, troubled } from './states.mjs';

const failure = { error: { code: 'unavailable', message: 'the store is starting' } };
const press = (keys) => async (page) => {
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForTimeout(150);
  }
};

const down = (pixels) => async (page) => {
  await page.locator('article details').evaluateAll((all) => {
    for (const one of all) one.open = true;
  });
  await page.locator('article > div').evaluate((part, top) => {
    part.scrollTop = top;
  }, pixels);
};

/** What there is to look at. `answers` stand in for the server's; `never` is a request that waits. */
export const views = {
  overview: { path: '/overview' },
  'overview-trouble': { path: '/overview', answers: { '/overview': aBusyDay } },
  'overview-loading': { path: '/overview', answers: { '/overview': 'never' } },
  'overview-failed': { path: '/overview', wait: 3500, answers: { '/overview': failure } },
  'overview-new': { path: '/overview', answers: { '/overview': nothing.overview } },
  alerts: { path: '/alerts' },
  'alerts-all': { path: '/alerts?state=all&level=high&since=-24h' },
  'alerts-selected': { path: '/alerts', act: press(['j', 'x', 'j', 'x', 'a']) },
  'alerts-loading': { path: '/alerts', answers: { '/alerts': 'never' } },
  'alerts-none': { path: '/alerts', answers: { '/alerts': nothing.alerts } },
  'alerts-filtered': { path: '/alerts?level=critical' },
  'alert-ssh': { path: '/alerts/67' },
  'alert-program': { path: '/alerts/69' },
  'alert-story': { path: '/alerts/3', wait: 2500, act: down(700) },
  'alert-told': { path: '/alerts/7', answers: { '/alerts/7': aBusyDay.alert } },
  'alert-told-end': {
    path: '/alerts/7',
    answers: { '/alerts/7': aBusyDay.alert },
    act: down(9000),
  },
  'alert-missing': { path: '/alerts/99999' },
  delivery: { path: '/delivery' },
  'delivery-trouble': { path: '/delivery', answers: { '/delivery': troubled } },
  'delivery-open': {
    path: '/delivery?trouble=1&stream=db-1/00ff/syslog',
    answers: { '/delivery': troubled },
  },
  'delivery-many': { path: '/delivery', answers: { '/delivery': manyStreams }, wait: 2500 },
  'delivery-loading': { path: '/delivery', answers: { '/delivery': 'never' } },
  'delivery-new': { path: '/delivery', answers: { '/delivery': nothing.delivery } },
};
