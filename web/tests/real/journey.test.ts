// What a person does on a first day, in every theme and language.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Program, startProgram } from './program';
import {
  CHOSEN,
  type Kept,
  LOOKS,
  type Look,
  launch,
  logIn,
  rows,
  shot,
  until,
  type Visit,
  visit,
  words,
} from './world';

let program: Program;
let browser: Browser;
/** Logging in is counted: twice in two looks is enough, the others go on with what a browser keeps. */
let kept: Kept | undefined;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

test('a one-time password is exchanged for one of their own', async () => {
  const look: Look = { scheme: 'light', language: 'en' };
  const { page, complaints, end } = await visit(browser, program, look);
  const { login, frame } = words.en;
  await page.goto('/search?q=order');
  await shot(page, 'log-in');
  await logIn(page, look, program.password, '/search?q=order');
  await page.getByRole('heading', { name: login['change.forced'] }).waitFor();
  await page.getByRole('textbox', { name: login['change.new'], exact: true }).fill(CHOSEN);
  await page.getByRole('textbox', { name: login['change.again'] }).fill(CHOSEN);
  await page.getByRole('button', { name: login['change.submit'] }).click();
  // And on to where they wanted to go.
  await page.waitForURL(/\/search\?.*q=order/);
  expect(complaints).toEqual([]);
  await page.getByRole('button', { name: /admin/ }).click();
  await page.getByRole('menuitem', { name: frame['user.logout'] }).click();
  await page.getByRole('heading', { name: login.title }).waitFor();
  await page.goto('/search');
  await page.getByRole('heading', { name: login.title }).waitFor();
  expect(complaints).toEqual([]);
  await end();
});

async function search(page: Page, look: Look, text: string) {
  const query = page.getByRole('textbox', {
    name: words[look.language].search.query,
    exact: true,
  });
  await query.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

const q = (page: Page) => new URL(page.url()).searchParams.get('q') ?? '';

describe.each(LOOKS)('$scheme, $language', (look) => {
  let here: Visit;
  const name = `${look.scheme}-${look.language}`;
  const text = words[look.language];
  const exact = (template: string, values: Record<string, string>) =>
    template.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key] ?? '');

  beforeAll(async () => {
    here = await visit(browser, program, look, {
      kept: LOOKS.indexOf(look) < 2 ? undefined : kept,
    });
    if (LOOKS.indexOf(look) < 2) await logIn(here.page, look, CHOSEN, '/search?from=-1h');
    else await here.page.goto('/search?from=-1h');
    await here.page.getByRole('link', { name: text.frame.alerts }).waitFor();
    kept = await here.context.storageState();
    await here.page.getByRole('treegrid').waitFor();
  });

  afterAll(() => here?.end());

  test('rows are found by a query', async () => {
    const { page } = here;
    await search(page, look, 'gateway refused');
    await page.waitForURL(/q=gateway/);
    await until('rows with both words', async () => {
      const first = await rows(page).nth(1).innerText();
      return first.includes('payment gateway timed out');
    });
    await page.keyboard.press('Escape');
    await shot(page, `search-${name}`);
    expect(here.complaints).toEqual([]);
  });

  test('a facet filters for its value', async () => {
    const { page } = here;
    await page.goto('/search?from=-1h');
    await rows(page).nth(5).waitFor();
    await shot(page, `everything-${name}`);
    const filter = exact(text.search['filter.in'], { field: 'log.level', value: 'warning' });
    await page.getByRole('button', { name: filter }).click();
    await until('the filter in the address', async () => q(page) === 'log.level:warning');
    await until('warnings only', async () => {
      const found = await rows(page).allInnerTexts();
      return (
        found.length > 1 && found.slice(1).every((row) => /slow query|Failed password/.test(row))
      );
    });
    const without = exact(text.search['filter.out'], { field: 'log.level', value: 'warning' });
    await page.getByRole('button', { name: without }).click();
    await until('it is taken back or turned round', async () => /NOT|-/.test(q(page)));
  });

  test('brushing the chart narrows the time, and the address shares it', async () => {
    const { page } = here;
    await page.goto('/search?q=order&from=-1h');
    await rows(page).nth(3).waitFor();
    const chart = page.getByRole('region', { name: text.search.histogram }).getByRole('img');
    const box = await chart.boundingBox();
    if (!box) throw new Error('no chart');
    const before = page.url();
    await page.mouse.move(box.x + box.width * 0.4, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 30, { steps: 8 });
    await page.mouse.up();
    await page.waitForURL((url) => url.href !== before && url.searchParams.has('to'));
    const [from, to] = ['from', 'to'].map((key) =>
      Date.parse(new URL(page.url()).searchParams.get(key) ?? ''),
    );
    expect((to as number) - (from as number)).toBeLessThan(30 * 60_000);
    await rows(page).nth(1).waitFor();
    const found = await rows(page).nth(1).innerText();
    const count = await page.getByRole('treegrid').getAttribute('aria-rowcount');
    const other = await here.context.newPage();
    await other.goto(page.url());
    await until('the same first row', async () => (await rows(other).nth(1).innerText()) === found);
    expect(await other.getByRole('treegrid').getAttribute('aria-rowcount')).toBe(count);
    await other.close();
  });

  test('a mistake is shown where it is', async () => {
    const { page } = here;
    await page.goto(`/search?${new URLSearchParams({ q: 'ошибка host.name:(web', from: '-1h' })}`);
    const said = page.getByRole('search').getByRole('alert');
    await until('a sentence about it', async () => (await said.innerText()).length > 10);
    expect(await page.locator('.cm-mistake, [class*=mistake]').count()).toBeGreaterThan(0);
    await shot(page, `mistake-${name}`);
    // The browser itself notes every answer of 400.
    here.complaints.splice(0);
  });

  test('a live line appears within a second', async () => {
    const { page } = here;
    await page.goto('/search?q=witness&live=1');
    await page.getByText(text.search['live.waiting']).waitFor();
    const word = `witness ${name} ${Date.now()}`;
    const began = Date.now();
    program.demo.say(word);
    await page.getByText(word).waitFor({ timeout: 5_000 });
    const took = Date.now() - began;
    expect(took, `it took ${took} ms`).toBeLessThan(1_000);
    await shot(page, `live-${name}`);
    expect(here.complaints).toEqual([]);
  });

  test('a row opens to its fields and its context', async () => {
    const { page } = here;
    await page.goto('/search?q=gateway&from=-1h');
    await rows(page).nth(2).waitFor();
    await page.getByRole('treegrid').focus();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: text.search['detail.json'] }).click();
    await page.getByText('"service"').first().waitFor();
    await shot(page, `event-${name}`);
    await page.keyboard.press('c');
    await page.getByRole('heading', { name: text.search['context.title'] }).waitFor();
    await until(
      'neighbours',
      async () => (await page.getByText(/order|payment|cache/).count()) > 3,
    );
    await shot(page, `context-${name}`);
    expect(here.complaints).toEqual([]);
  });
});
