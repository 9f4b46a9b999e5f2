// Screenshots of every view in both themes and languages, to look at: npm run shots [name…]
import { mkdirSync } from 'node:fs';
import { launch, open } from './browser.mjs';
import { views } from './views.mjs';

const base = process.env.BASE ?? 'http://127.0.0.1:5173';
const folder = process.env.SHOTS ?? '/tmp/shots-web';
const looks = (process.env.LOOKS ?? 'light-en,dark-ru').split(',');
const size = (process.env.SIZE ?? '1280x800').split('x').map(Number);
const wanted = process.argv.slice(2);

mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const look of looks) {
  const [scheme, language] = look.split('-');
  for (const [name, view] of Object.entries(views)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const { context, page, problems } = await open(browser, {
      scheme,
      language,
      width: size[0],
      height: size[1],
    });
    try {
      await page.goto(base + view.path, { waitUntil: 'domcontentloaded' });
      await page.waitForTimeout(view.wait ?? 1500);
      await view.act?.(page);
    } catch (error) {
      problems.push(String(error));
    }
    await page.screenshot({ path: `${folder}/${name}-${size[0]}-${look}.png` });
    if (problems.length) console.log(name, look, [...new Set(problems)].join('\n').slice(0, 1500));
    await context.close();
  }
}
await browser.close();
