// Tries what pictures do not show: keys, acknowledging and its failure, smooth scrolling, axe.
//   BASE=http://127.0.0.1:5175 node tests/pages/check.mjs
import { readFileSync } from 'node:fs';
import { launch, open } from '../browser.mjs';
import { aBusyDay, manyStreams, troubled } from './states.mjs';

const base = process.env.BASE ?? 'http://127.0.0.1:5175';
const session = { user: 'admin', role: 'admin', must_change_password: false, version: '0.1.0' };
const browser = await launch();
const axe = readFileSync(
  new URL('../../node_modules/axe-core/axe.min.js', import.meta.url),
  'utf8',
);

async function at(path, answers = {}, options = {}) {
  const opened = await open(browser, options);
  for (const [name, answer] of Object.entries({ '/session': session, ...answers })) {
    await opened.page.route(
      (url) => url.pathname === `/api/v1${name}`,
      (route) => (typeof answer === 'function' ? answer(route) : route.fulfill({ json: answer })),
    );
  }
  await opened.page.goto(base + path, { waitUntil: 'domcontentloaded' });
  await opened.page.waitForTimeout(1500);
  return opened;
}

function say(good, text) {
  console.log(good ? 'ok  ' : 'FAIL', text);
}

async function keysAndAcknowledging() {
  let asked;
  const list = {
    alerts: [...aBusyDay.alerts.newest],
    waiting: { chatops: 3 },
    counts: [{ state: 'open', level: 'high', count: 5 }],
  };
  let answer = (route) => {
    asked = route.request().postDataJSON();
    return new Promise((done) =>
      setTimeout(() => done(route.fulfill({ json: { alerts: [] } })), 600),
    );
  };
  const { page, context } = await at('/alerts', {
    '/alerts': list,
    '/alerts/6': aBusyDay.alert,
    '/alerts/7': aBusyDay.alert,
    '/alerts/acknowledge': (route) => answer(route),
  });
  for (const key of ['j', 'j', 'x', 'k', 'x']) await page.keyboard.press(key);
  say((await page.getByRole('checkbox', { checked: true }).count()) === 2, 'j, k and x select two');
  await page.keyboard.press('a');
  await page.keyboard.type('planned jxa');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(150);
  say(await page.getByText('acknowledged, admin').first().isVisible(), 'shown at once');
  await page.waitForTimeout(900);
  say(
    JSON.stringify(asked) === '{"ids":[7,6],"note":"planned jxa"}',
    `asked ${JSON.stringify(asked)}`,
  );
  answer = (route) =>
    route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'disk full' } } });
  await page.keyboard.press('Escape');
  await page.locator('main').focus();
  await page.keyboard.press('x');
  await page.keyboard.press('a');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(400);
  say(await page.getByRole('alert').getByText('Disk full.').isVisible(), 'a refusal is told');
  say(!(await page.getByText('acknowledged, admin').first().isVisible()), 'and taken back');
  await page.keyboard.press('Escape');
  await page.locator('main').focus();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(600);
  say(/\/alerts\/\d+$/.test(page.url()), `Enter opens ${page.url()}`);
  await page.keyboard.press('Escape');
  await page.waitForTimeout(200);
  say(page.url().endsWith('/alerts'), 'Escape closes');
  await context.close();
}

async function scrolling() {
  const { page, context } = await at('/delivery', { '/delivery': manyStreams });
  await page.waitForTimeout(1500);
  const frames = await page.evaluate(async () => {
    const part = document.querySelector('[role=table]').parentElement;
    const times = [];
    let last = performance.now();
    for (let step = 0; step < 150; step += 1) {
      part.scrollTop += step < 100 ? 120 : 900;
      await new Promise((done) => requestAnimationFrame(done));
      times.push(performance.now() - last);
      last = performance.now();
    }
    times.sort((a, b) => a - b);
    return {
      median: times[75],
      late: times[142],
      worst: times.at(-1),
      top: part.scrollTop,
      rows: document.querySelectorAll('[role=row]').length,
    };
  });
  say(frames.late < 50, `10,000 streams: ${JSON.stringify(frames)}`);
  await page.getByRole('searchbox').fill('web-077 app/31');
  await page.waitForTimeout(400);
  say(page.url().includes('q=web-077+app/31'), page.url());
  await context.close();
}

async function accessibility() {
  const views = [
    ['/overview', { '/overview': aBusyDay }],
    ['/alerts', {}],
    ['/alerts/7', { '/alerts/7': aBusyDay.alert }],
    ['/delivery?stream=db-1/00ff/syslog', { '/delivery': troubled }],
  ];
  for (const scheme of ['light', 'dark']) {
    for (const [path, answers] of views) {
      const { page, context, problems } = await at(path, answers, { scheme });
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const { violations } = await window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] });
        return violations.map(
          (one) =>
            `${one.id}: ${one.nodes.length} ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].failureSummary.slice(0, 200)}`,
        );
      });
      say(found.length === 0, `axe ${path} ${scheme} ${found.join('\n     ')}`);
      say(problems.length === 0, `console ${path} ${problems.join(' ').slice(0, 300)}`);
      await context.close();
    }
  }
}

await keysAndAcknowledging();
await scrolling();
await accessibility();
await browser.close();
