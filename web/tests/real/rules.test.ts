// A rule that is made, checked, tried, saved, switched and removed; and the rules that stay as they are.
import type { Browser, Locator, Page } from 'playwright-core';
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

/** The one that comes with the program and found something in the demonstration. */
const BRUTE_FORCE = '54d64e94-c606-4c75-a64b-a5651058b113';

const own = (id: string, title: string) => `title: ${title}
id: ${id}
logsource: { product: linux, service: sshd }
detection:
  selection:
    event.action: ssh-login
    event.outcome: failure
  condition: selection
level: low
`;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launch()]);
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
});

/** Puts a text in place of what an editor holds, as people do: typing would indent it. */
async function put(page: Page, editor: Locator, text: string) {
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+v');
}

const wide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth);
const first = (text: string) => new RegExp(`^${text.split('{{')[0]}`);

describe.each(LOOKS)('$scheme, $language', (look) => {
  let here: Visit;
  const at = LOOKS.indexOf(look);
  const name = `${look.scheme}-${look.language}`;
  const { rule, rules } = words[look.language];
  const id = `00000000-0000-4000-a000-00000000000${at}`;
  const title = `Drill ${at} <b>of ours</b>`;

  beforeAll(async () => {
    here = await visit(browser, program, look, { kept });
  });

  afterAll(() => here?.end());

  test('a new rule is checked while it is typed, tried and saved', async () => {
    const { page } = here;
    await page.goto('/rules');
    await page.getByRole('table', { name: rules.table }).waitFor();
    await page.getByRole('link', { name: rules.new }).click();
    await page.waitForURL(/\/rule$/);
    const editor = page.getByRole('textbox', { name: rule.text });
    await page.getByText(rule['check.good']).waitFor();
    await put(page, editor, own(id, title).replace('condition: selection', 'condition: selektion'));
    const problems = page.getByRole('list', { name: rule['check.problems'] });
    await problems.getByRole('button', { name: first(rule['check.line']) }).waitFor();
    expect(await page.locator('.rule-wrong').count()).toBe(1);
    await shot(page, `rule-mistake-${name}`);
    expect(await findings(page)).toEqual([]);
    await put(page, editor, own(id, title));
    await page.getByText(rule['check.good']).waitFor();
    const samples = page.getByRole('textbox', { name: rule.samples, exact: true });
    await samples.fill(
      'Nov 20 22:41:07 web-1 sshd[42]: Failed password for root from 203.0.113.9 port 22 ssh2\nsomething else',
    );
    await page.getByRole('button', { name: rule['samples.try'] }).click();
    await page.getByText(rule['samples.found'], { exact: true }).waitFor();
    await page.getByText(rule['samples.not'], { exact: true }).waitFor();
    await page.getByRole('combobox', { name: rule['backtest.from'] }).selectOption('-90d');
    await page.getByRole('button', { name: rule['backtest.start'], exact: true }).click();
    const found = page.getByRole('list', { name: rule['backtest.found'] });
    await found.getByRole('listitem').first().waitFor();
    await page.getByRole('list', { name: rule['backtest.over'] }).waitFor();
    await shot(page, `rule-tried-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('button', { name: rule.save, exact: true }).click();
    await page.waitForURL(new RegExp(`key=${id}`));
    await page.getByRole('heading', { name: '<b>of ours</b>' }).first().waitFor();
    expect(here.complaints).toEqual([]);
  });

  test('it is changed, excepted, switched off and removed', async () => {
    const { page } = here;
    // It is in use a moment after it was made.
    const isThere = () =>
      page.evaluate(async (key) => {
        const { rules } = await (await fetch('/api/v1/rules')).json();
        return (rules as { key: string }[]).some((one) => one.key === key);
      }, id);
    await until('the rule', isThere);
    await page.goto(`/rule?key=${id}`);
    const editor = page.getByRole('textbox', { name: rule.text });
    await put(page, editor, own(id, title).replace('level: low', 'level: medium'));
    await page.getByRole('textbox', { name: rule.note }).fill('it matters more');
    await page.getByRole('button', { name: rule.save, exact: true }).click();
    await page.getByText('it matters more').waitFor();
    await page.getByText(rule['versions.change']).first().click();
    await page.getByText('+ level: medium').waitFor();

    await page.getByRole('textbox', { name: rule['exceptions.when'] }).fill('source.ip:192.0.2.7');
    await page.getByRole('textbox', { name: rule.reason, exact: true }).fill('our scanner');
    await page.getByRole('button', { name: rule['exceptions.add'] }).click();
    await page.getByText('our scanner').waitFor();
    await page.getByRole('button', { name: first(rule['exceptions.end.label']) }).click();
    await page.getByText(rule['exceptions.over']).first().waitFor();

    await page.getByRole('button', { name: rule.disable }).click();
    await page.getByRole('textbox', { name: rule.reason, exact: true }).first().fill('a drill');
    await page.getByRole('button', { name: rule.disable }).click();
    await page.locator('#main').getByText(rule['is.off'], { exact: true }).waitFor();
    await shot(page, `rule-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('button', { name: rule.enable }).click();
    await page.getByText(rule['is.on'], { exact: true }).first().waitFor();
    await page.getByRole('button', { name: rule.remove, exact: true }).click();
    await page.getByRole('button', { name: rule['remove.yes'] }).click();
    await page.waitForURL(/\/rules/);
    expect(here.complaints).toEqual([]);
  });

  test('a rule that comes with the program is read and copied', async () => {
    const { page } = here;
    await page.goto(`/rule?key=${BRUTE_FORCE}`);
    await page.getByText(rule.fixed).waitFor();
    await page.getByRole('heading', { name: /SSH brute force/ }).waitFor();
    await shot(page, `rule-builtin-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('button', { name: rule.copy }).click();
    await page.waitForURL(/copy=/);
    const editor = page.getByRole('textbox', { name: rule.text });
    await until('the copy', async () => (await editor.innerText()).includes(rule['copy.word']));
    await page.getByText(rule['check.good']).waitFor();
    expect(here.complaints).toEqual([]);
  });
});

test('files become rules, and what cannot is named', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { rule } = words.en;
  await page.goto('/rule');
  const file = (name: string, text: string) => ({
    name,
    mimeType: 'application/yaml',
    buffer: Buffer.from(text),
  });
  await page
    .getByRole('button', { name: rule.import, exact: true })
    .setInputFiles([
      file('one.yml', own('00000000-0000-4000-b000-000000000001', 'One from a file')),
      file('two.yml', 'title: no rule'),
    ]);
  await page.getByText('taken as “One from a file”').waitFor();
  await page.getByText('two.yml').waitFor();
  await shot(page, 'rule-import');
  expect(await findings(page)).toEqual([]);
  // The browser itself notes the answer of 400.
  expect(complaints.filter((text) => !text.includes('400'))).toEqual([]);
  await end();
});

test('a phone shows a rule', async () => {
  const look = LOOKS[1];
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { width: 375, kept });
  const { rule } = words[look.language];
  await page.goto(`/rule?key=${BRUTE_FORCE}`);
  await page.getByText(rule.fixed).waitFor();
  expect(await wide(page), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-rule');
  expect(await findings(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await end();
});
