// Screenshots of Overview, Alerts and Delivery, with the server's data and with made-up states:
//   BASE=http://127.0.0.1:5175 node tests/pages/shots.mjs [name…]
import { mkdirSync } from 'node:fs';
import { launch, open } from '../browser.mjs';
import { views } from './views.mjs';

const base = process.env.BASE ?? 'http://127.0.0.1:5175';
const folder = process.env.SHOTS ?? '/tmp/shots-pages';
const looks = (process.env.LOOKS ?? 'light-en,dark-ru').split(',');
const sizes = (process.env.SIZES ?? '1280x800').split(',');
const wanted = process.argv.slice(2);

// The development server asks with a key, and a key has no session.
const session = { user: 'admin', role: 'admin', must_change_password: false, version: '0.1.0' };

mkdirSync(folder, { recursive: true });
const browser = await launch();
const combinations = looks.flatMap((look) => sizes.map((size) => [look, size]));
for (const [look, size] of combinations) {
  const [scheme, language] = look.split('-');
  const [width, height] = size.split('x').map(Number);
  for (const [name, view] of Object.entries(views)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const { context, page, problems } = await open(browser, { scheme, language, width, height });
    for (const [path, answer] of Object.entries({ '/session': session, ...view.answers })) {
      await page.route(
        (url) => url.pathname === `/api/v1${path}`,
        (route) =>
          answer === 'never'
            ? undefined
            : route.fulfill({
                status: answer.error ? 503 : 200,
                contentType: 'application/json',
                body: JSON.stringify(answer),
              }),
      );
    }
    try {
      await page.goto(base + view.path, { waitUntil: 'domcontentloaded' });
      await page.waitForTimeout(view.wait ?? 1200);
      await view.act?.(page);
    } catch (error) {
      problems.push(String(error));
    }
    await page.screenshot({ path: `${folder}/${name}-${width}-${look}.png` });
    if (problems.length) console.log(name, look, [...new Set(problems)].join('\n').slice(0, 1500));
    await context.close();
  }
}
await browser.close();
