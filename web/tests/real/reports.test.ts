// Reports that are made, read, saved and removed; and the rules in use, with what they found and what is wrong with some.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findings } from './access';
import { type Program, startProgram } from './program';
import {
  chooseFirst,
  type Kept,
  LOOKS,
  launch,
  shot,
  until,
  type Visit,
  visit,
  words,
} from './world';

let program: Program;
let browser: Browser;
let kept: Kept;
let rules: string;

/** So many rules of one's own that not all of them can be on the page. */
const MANY = 700;

const rule = (n: number) => `title: Drill ${n} <b>of ours</b>
id: 00000000-0000-4000-8000-${String(n).padStart(12, '0')}
logsource: { product: linux, service: sudo }
detection:
  selection: { event.action: drill-${n} }
  condition: selection
tags: [attack.t1548.003]
level: low
`;

/** Understood, and said to be not built yet: the others are in use all the same. */
const UNUSABLE = `title: Sum of bytes
id: 00000000-0000-4000-9000-000000000000
correlation:
  type: value_sum
  rules: [00000000-0000-4000-8000-000000000001]
  group-by: [host.name]
  timespan: 2m
  condition: { gte: 5, field: http.response.bytes }
level: low
`;

beforeAll(async () => {
  rules = mkdtempSync(join(tmpdir(), 'watchpost-rules-'));
  const many = Array.from({ length: MANY }, (_, n) => rule(n + 1)).join('---\n');
  writeFileSync(join(rules, 'drills.yml'), many);
  writeFileSync(join(rules, 'sum.yml'), UNUSABLE);
  [program, browser] = await Promise.all([
    startProgram(['[detect]', `rules = ["${rules}"]`]),
    launch(),
  ]);
  const first = await visit(browser, program, { scheme: 'light', language: 'en' });
  await chooseFirst(first.page, program);
  const isFound = () =>
    first.page.evaluate(async () => {
      const answer = await fetch('/api/v1/search/stats?q=event.kind:alert');
      return ((await answer.json()).total as number) > 0;
    });
  await until('a detection', isFound, 60_000);
  kept = await first.context.storageState();
  await first.end();
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
  rmSync(rules, { recursive: true, force: true });
});

/** A text with its holes filled. */
const say = (template: string, values: Record<string, string | number>) =>
  template.replace(/\{\{(\w+)\}\}/g, (_, key) => String(values[key] ?? ''));

/** The report that is open, by its number in the address. */
async function openReport(page: Page, number: string) {
  await page.waitForURL(/report=\d+/);
  const id = new URL(page.url()).searchParams.get('report') ?? '';
  return { id, article: page.getByRole('article', { name: say(number, { id }) }) };
}

const wide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth);

test('without a report the page says how to make one', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { reports } = words.en;
  await page.goto('/reports');
  await page.getByRole('heading', { name: reports.empty }).waitFor();
  await page.getByText('watchpost report make -o week.pdf').waitFor();
  await page.getByText('[[report]]').waitFor();
  await shot(page, 'reports-empty');
  expect(await findings(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await end();
});

describe.each(LOOKS)('$scheme, $language', (look) => {
  let here: Visit;
  const name = `${look.scheme}-${look.language}`;
  const text = words[look.language];

  beforeAll(async () => {
    here = await visit(browser, program, look, { kept });
  });

  afterAll(() => here?.end());

  test('a report is made by keys, is read in the page, and is saved', async () => {
    const { page } = here;
    const { reports } = text;
    await page.goto('/overview');
    await page.getByRole('link', { name: text.frame.reports, exact: true }).click();
    await page.waitForURL(/\/reports/);
    await page.getByRole('button', { name: reports.new }).first().waitFor();
    await page.keyboard.press('n');
    const form = page.getByRole('form', { name: reports.new });
    await form.getByRole('radio', { name: reports['period.yesterday'] }).waitFor();
    await form.getByRole('radio', { name: reports['period.week'] }).check();
    await shot(page, `report-form-${name}`);
    expect(await findings(page)).toEqual([]);
    await form.getByRole('button', { name: reports.make }).click();
    const { article } = await openReport(page, reports.number);
    await form.waitFor({ state: 'detached' });
    const inside = article.frameLocator('iframe');
    await inside.getByRole('heading', { level: 1 }).waitFor();
    expect(await inside.locator('html').getAttribute('lang')).toBe(look.language);
    await until('it is shown', async () =>
      article
        .locator('iframe')
        .evaluate((frame) => getComputedStyle(frame).visibility !== 'hidden'),
    );
    await shot(page, `report-${name}`);
    expect(await findings(page)).toEqual([]);
    const coming = page.waitForEvent('download');
    await article
      .getByRole('link', { name: say(reports['save.label'], { format: 'PDF' }) })
      .click();
    const download = await coming;
    expect(download.suggestedFilename()).toMatch(/^watchpost-security-.*\.pdf$/);
    expect(
      readFileSync(await download.path())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    expect(here.complaints).toEqual([]);
  });

  test('a report of one host and a time of its own is made, and removed', async () => {
    const { page } = here;
    const { reports } = text;
    await page.goto('/reports?new=1');
    const form = page.getByRole('form', { name: reports.new });
    await form.getByRole('radio', { name: reports['period.own'] }).check();
    await form.getByRole('textbox', { name: reports.from, exact: true }).fill('soon');
    await form.getByText(reports['own.unreadable']).waitFor();
    await shot(page, `report-mistake-${name}`);
    expect(await findings(page)).toEqual([]);
    const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    await form.getByRole('textbox', { name: reports.from, exact: true }).fill(day);
    await form.getByRole('radio', { name: reports['about.host'] }).check();
    await form.getByRole('combobox', { name: reports.host }).fill('shop-1');
    await form.getByRole('button', { name: reports.make }).click();
    const { id, article } = await openReport(page, reports.number);
    await article.getByRole('heading', { name: 'shop-1' }).waitFor();
    const list = page.getByRole('list', { name: reports.list, exact: true });
    const row = list.getByRole('listitem').filter({ hasText: `#${id}` });
    await row.getByText(say(reports.by, { who: 'admin' })).waitFor();
    await article.getByRole('button', { name: say(reports['remove.label'], { id }) }).click();
    await article.getByRole('button', { name: reports['remove.yes'] }).click();
    await row.waitFor({ state: 'detached' });
    await article.waitFor({ state: 'detached' });
    expect(here.complaints).toEqual([]);
    await page.goto('/reports?report=4711');
    await page.getByRole('article').getByRole('alert').waitFor();
    expect(await findings(page)).toEqual([]);
    // The browser itself notes the answer of 404.
    here.complaints.splice(0);
  });

  test('rules say what they found, and which cannot be used', async () => {
    const { page } = here;
    const { rules: said } = text;
    await page.goto('/rules');
    await page.waitForURL(/from=-7d/);
    const table = page.getByRole('table', { name: said.table });
    await page.getByText('value_sum').first().waitFor();
    await shot(page, `rules-all-${name}`);
    await page.getByRole('button', { name: new RegExp(`^${said['origin.own']}`) }).click();
    await page.waitForURL(/origin=own/);
    await table.getByText('<b>of ours</b>').first().waitFor();
    const rowsThere = await table.getByRole('row').count();
    expect(rowsThere, 'only what is seen').toBeLessThan(120);
    await shot(page, `rules-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('button', { name: new RegExp(`^${said['origin.all']}`) }).click();
    await page.keyboard.press('/');
    await page.keyboard.type('brute force ssh');
    // The title leads to the rule, the number to what it found.
    const found = table.getByRole('link', { name: /SSH brute force$/ }).last();
    await found.waitFor();
    await until('its detections', async () => Number(await found.innerText()) > 0);
    await page.waitForURL(/q=brute/);
    await shot(page, `rules-found-${name}`);
    await found.click();
    await page.waitForURL(/\/search\?q=event\.kind:alert/);
    await page.getByText('SSH brute force').first().waitFor();
    await page.goto(`/rules?origin=own&from=-1d&q=${encodeURIComponent('Drill 699')}`);
    await table.getByRole('link', { name: 'T1548.003' }).first().waitFor();
    expect(await table.getByRole('row').count(), 'with its head').toBe(2);
    await page.getByRole('button', { name: said.commands }).click();
    await page.getByText('watchpost rules test').waitFor();
    await shot(page, `rules-own-${name}`);
    expect(await findings(page)).toEqual([]);
    expect(here.complaints).toEqual([]);
  });
});

test('changed files that are not used are told of, until they are corrected', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { rules: said } = words.en;
  const broken = join(rules, 'broken.yml');
  writeFileSync(broken, 'title: [no rule');
  await page.goto('/rules?from=-1d&refresh=5');
  await page.getByRole('heading', { name: said.refused }).waitFor({ timeout: 30_000 });
  await page.getByRole('alert').getByText('broken.yml').waitFor();
  await page.getByText('watchpost rules check').first().waitFor();
  await shot(page, 'rules-refused');
  expect(await findings(page)).toEqual([]);
  rmSync(broken);
  await page.getByRole('heading', { name: said.refused }).waitFor({
    state: 'detached',
    timeout: 30_000,
  });
  expect(complaints).toEqual([]);
  await end();
});

test('a phone shows reports and rules', async () => {
  const look = LOOKS[1];
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { width: 375, kept });
  const { reports, rules: said } = words[look.language];
  await page.goto('/reports');
  const list = page.getByRole('list', { name: reports.list, exact: true });
  await list.getByRole('link').first().waitFor();
  expect(await wide(page), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-reports');
  await page.getByRole('button', { name: reports.new }).click();
  await page.getByRole('form', { name: reports.new }).waitFor();
  expect(await wide(page), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-report-form');
  await list.getByRole('link').first().click();
  await page
    .getByRole('article')
    .frameLocator('iframe')
    .getByRole('heading', { level: 1 })
    .waitFor();
  expect(await wide(page), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-report');
  await page.goto('/rules?origin=own&from=-1d');
  const table = page.getByRole('table', { name: said.table });
  await table.getByText('<b>of ours</b>').first().waitFor();
  expect(await wide(page), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-rules');
  expect(await findings(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await end();
});
