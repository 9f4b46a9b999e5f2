// Accessibility of every view in both themes: node tests/axe.mjs [name…]. Fails when axe finds a violation.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { launch, open } from './browser.mjs';
import { views } from './views.mjs';

const base = process.env.BASE ?? 'http://127.0.0.1:5173';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wanted = process.argv.slice(2);
const browser = await launch();
let found = 0;
for (const scheme of ['light', 'dark']) {
  for (const [name, view] of Object.entries(views)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const { context, page } = await open(browser, { scheme });
    await page.goto(base + view.path, { waitUntil: 'domcontentloaded' });
    await page.waitForTimeout(view.wait ?? 1500);
    await view.act?.(page);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] }),
    );
    for (const { id, help, nodes } of violations) {
      found += 1;
      console.log(`${scheme} ${name}: ${id}: ${help}`);
      for (const node of nodes.slice(0, 3)) {
        console.log(
          `    ${node.target.join(' ')}  ${node.failureSummary.split('\n').slice(1, 3).join(' ').slice(0, 240)}`,
        );
      }
    }
    await context.close();
  }
}
await browser.close();
console.log(`${found} violations`);
process.exitCode = found ? 1 : 0;
