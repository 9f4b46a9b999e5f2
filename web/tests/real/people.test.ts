// What people do about alerts, what nobody is told, and where messages go: over the real program and two channels, one of
// which takes everything and one nothing.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findings } from './access';
import { type Program, startProgram } from './program';
import {
  chooseFirst,
  type Kept,
  LOOKS,
  type Look,
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
let double: Double;

/** Takes webhooks; what comes to `/picky` only once it is in the mood. */
interface Double {
  port: number;
  taken: string[];
  mood: 'bad' | 'good';
  stop(): void;
}

async function startDouble(): Promise<Double> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.url === '/picky' && here.mood === 'bad') {
        response.writeHead(400).end('no <b>room</b> for this');
        return;
      }
      here.taken.push(`${request.url} ${body}`);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const here: Double = {
    port: (server.address() as AddressInfo).port,
    taken: [],
    mood: 'bad',
    stop: () => server.close(),
  };
  return here;
}

const webhook = (name: string, port: number) => [
  '[[channel]]',
  `name = "${name}"`,
  'kind = "webhook"',
  `url = "http://127.0.0.1:${port}/${name}"`,
];

const configuration = (port: number) => [
  ...webhook('hook', port),
  ...webhook('picky', port),
  ...webhook('boss', port),
  '[[route]]',
  'when = "watchpost.alert.severity:>=low"',
  'channels = ["hook", "picky"]',
  'rate = "20/m"',
  'escalate = { after = "2h", channels = ["boss"] }',
  '[[silence]]',
  'when = "host.name:never-*"',
  'hours = "Sun 02:00-04:00 Europe/Moscow"',
  'reason = "weekly backups"',
];

beforeAll(async () => {
  double = await startDouble();
  [program, browser] = await Promise.all([startProgram(configuration(double.port)), launch()]);
  const first = await visit(browser, program, { scheme: 'light', language: 'en' });
  await chooseFirst(first.page, program);
  const isTold = () =>
    first.page.evaluate(async () => {
      const answer = await fetch('/api/v1/channels');
      const { channels } = await answer.json();
      const of = (name: string) => channels?.find((one: { name: string }) => one.name === name);
      return (of('hook')?.messages.sent ?? 0) > 0 && (of('picky')?.messages.dead ?? 0) > 0;
    });
  await until('one channel has taken a message and one has refused it', isTold, 60_000);
  kept = await first.context.storageState();
  await first.end();
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
  double?.stop();
});

/** A text with its holes filled. */
const say = (template: string, values: Record<string, string | number>) =>
  template.replace(/\{\{(\w+)\}\}/g, (_, key) => String(values[key] ?? ''));

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What a text begins with, before its first hole. */
const beginning = (template: string) => new RegExp(escaped(template.split('{{')[0] ?? ''));

async function openStory(page: Page, look: Look): Promise<Locator> {
  await page.goto('/alerts?state=all');
  const { alerts } = words[look.language];
  const list = page.getByRole('list', { name: alerts.list, exact: true });
  await list
    .getByRole('link', { name: /brute force/ })
    .first()
    .click();
  await page.waitForURL(/\/alerts\/\d+/);
  const story = page.getByRole('article');
  await story.getByText('198.51.100.61').first().waitFor();
  // Its messages come with the rest of it.
  await story.getByRole('heading', { name: alerts['messages.title'] }).waitFor();
  return story;
}

describe.each(LOOKS)('$scheme, $language', (look) => {
  let here: Visit;
  const name = `${look.scheme}-${look.language}`;
  const text = words[look.language];

  beforeAll(async () => {
    here = await visit(browser, program, look, { kept });
  });

  afterAll(() => here?.end());

  test('an alert says whom it was told, and what a channel would say', async () => {
    const { page } = here;
    const story = await openStory(page, look);
    const { alerts } = text;
    await story.getByText(say(alerts['messages.sent'], { channel: 'hook' })).waitFor();
    await story.getByText(say(alerts['messages.dead'], { channel: 'picky' })).waitFor();
    await story.getByText(say(alerts['messages.later'], { channel: 'boss' })).waitFor();
    await story.getByText('<b>room</b>').waitFor();
    await story.getByRole('combobox', { name: alerts['preview.label'] }).selectOption('hook');
    await until('a preview', async () =>
      /brute force/.test(await story.locator('pre').last().innerText()),
    );
    await story.getByRole('combobox', { name: alerts['preview.label'] }).scrollIntoViewIfNeeded();
    await shot(page, `told-${name}`);
    expect(await findings(page)).toEqual([]);
    expect(here.complaints).toEqual([]);
  });

  test('the forms of an alert are a key away', async () => {
    const { page } = here;
    const { alerts } = text;
    const story = await openStory(page, look);
    await page.keyboard.press('c');
    const reasons = story.getByRole('group', { name: alerts['reason.label'] });
    await reasons.getByRole('radio', { name: alerts['reason.resolved'] }).waitFor();
    await page.keyboard.press('2');
    await story.getByText(alerts['reason.false-positive.text']).waitFor();
    await shot(page, `closing-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await reasons.waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await story.getByRole('textbox', { name: alerts['field.assign'] }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText(alerts['keys.silence']).waitFor();
    await shot(page, `keys-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(here.complaints).toEqual([]);
  });

  test('a silence begins with what makes the story', async () => {
    const { page } = here;
    const { silences } = text;
    await openStory(page, look);
    await page.keyboard.press('z');
    const dialog = page.getByRole('dialog');
    const query = dialog.getByRole('textbox', { name: silences.query });
    await until('the query of the story', async () => /rule\.id:/.test(await query.inputValue()));
    await dialog.getByText(/^(?:Matches|Подход)/).waitFor();
    await shot(page, `silence-${name}`);
    expect(await findings(page)).toEqual([]);
    const host = dialog.getByRole('checkbox', { name: /host\.name/ });
    await host.setChecked(true);
    expect(await query.inputValue()).toContain('host.name:');
    await host.setChecked(false);
    expect(await query.inputValue()).not.toContain('host.name:');
    expect(here.complaints).toEqual([]);
    await query.fill('host.name:(');
    await dialog.getByRole('alert').waitFor();
    await shot(page, `silence-mistake-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    // The browser itself notes every answer of 400.
    here.complaints.splice(0);
  });

  test('silences are made, read and ended', async () => {
    const { page } = here;
    const { silences } = text;
    await page.goto('/silences');
    const list = page.getByRole('list', { name: silences['list.current'] });
    await list.getByText(silences.configured).waitFor();
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: silences.query }).fill(`host.name:quiet-${name}`);
    await dialog.getByText(beginning(silences['preview.none'])).waitFor();
    await dialog.getByRole('radio', { name: silences['time.4h'] }).check();
    await dialog.getByRole('textbox', { name: silences.reason }).fill(`<b>drill</b> ${name}`);
    await dialog.getByRole('textbox', { name: silences.reason }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const row = list.getByRole('listitem').filter({ hasText: `<b>drill</b> ${name}` });
    await row.getByText(silences['is.active']).waitFor();
    await shot(page, `silences-${name}`);
    expect(await findings(page)).toEqual([]);
    await row.getByRole('button', { name: beginning(silences['end.label']) }).click();
    await row.getByRole('button', { name: silences['end.yes'] }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: silences.past }).click();
    await page.waitForURL(/past=1/);
    const past = page.getByRole('list', { name: silences['list.past'] });
    await past.getByText(`<b>drill</b> ${name}`).waitFor();
    await shot(page, `silences-past-${name}`);
    expect(await findings(page)).toEqual([]);
    expect(here.complaints).toEqual([]);
  });

  test('channels say how they are, and are tried', async () => {
    const { page } = here;
    const { channels } = text;
    await page.goto('/channels');
    const list = page.getByRole('list', { name: channels.list });
    const of = (channel: string) =>
      list.getByRole('listitem').filter({ has: page.getByRole('heading', { name: channel }) });
    await of('hook').getByText(channels['state.ok'], { exact: true }).waitFor();
    const before = double.taken.length;
    await of('hook').getByRole('button', { name: channels.test }).click();
    await of('hook').getByText(channels['test.taken']).waitFor();
    expect(double.taken.length).toBe(before + 1);
    await of('picky').getByRole('button', { name: channels.test }).click();
    await of('picky').getByText('<b>room</b>').waitFor();
    const dead = page.getByRole('list', { name: channels['dead.list'] });
    await dead.getByText('<b>room</b>').first().waitFor();
    const routes = page.getByRole('list', { name: channels.routes });
    await routes.getByText(say(channels['route.rate.m'], { n: 20 })).waitFor();
    await routes.getByText(channels['route.toml']).first().click();
    await routes.getByText('rate = "20/m"').waitFor();
    await shot(page, `channels-${name}`);
    expect(await findings(page)).toEqual([]);
    expect(here.complaints).toEqual([]);
  });
});

test('an alert goes from hand to hand by keys, and keeps who did what', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { alerts } = words.en;
  const story = await openStory(page, look);
  const history = story.getByRole('list', { name: alerts['history.title'] });
  await page.keyboard.press('i');
  await history.getByText(say(alerts['history.assigned'], { who: 'admin', to: 'admin' })).waitFor();
  await page.keyboard.press('m');
  await page.keyboard.type('asked <i>Boris</i>');
  await page.keyboard.press('Enter');
  await history.getByText('asked <i>Boris</i>').waitFor();
  // The form goes once the server has agreed, and the keys are the page's again.
  await story
    .getByRole('textbox', { name: alerts['field.comment'] })
    .waitFor({ state: 'detached' });
  await page.keyboard.press('c');
  await page.keyboard.press('3');
  await page.keyboard.press('Tab');
  await page.keyboard.type('our own scanner');
  await page.keyboard.press('Enter');
  await history.getByText('our own scanner').waitFor();
  await page.reload();
  await history.getByText('our own scanner').waitFor();
  await history.getByText(`: ${alerts['reason.expected']}`).waitFor();
  await shot(page, 'history');
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press('r');
  await page.keyboard.press('Enter');
  await history.getByText(say(alerts['history.reopened'], { who: 'admin' })).waitFor();
  expect(complaints).toEqual([]);
  await end();
});

test('what is selected is closed at once, and is found among the closed', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { alerts } = words.en;
  await page.goto('/alerts');
  const list = page.getByRole('list', { name: alerts.list, exact: true });
  await list.getByRole('link').first().waitFor();
  const all = page.getByRole('checkbox', { name: alerts['select.all'] });
  await all.check();
  const count = await list.getByRole('checkbox', { checked: true }).count();
  expect(count).toBeGreaterThan(0);
  await page.keyboard.press('c');
  await page.keyboard.press('2');
  await shot(page, 'close-many');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: alerts['empty.open'] }).waitFor();
  await page.goto('/alerts?state=closed');
  await list.getByRole('link').first().waitFor();
  await until('all of them', async () => (await list.getByRole('link').count()) === count);
  await list.getByText(alerts['reason.false-positive']).first().waitFor();
  await all.check();
  await page.keyboard.press('r');
  await page.keyboard.press('Enter');
  await until('none is closed', async () => (await list.getByRole('link').count()) === 0);
  expect(complaints).toEqual([]);
  await end();
});

test('what was given up is sent again', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { channels } = words.en;
  double.mood = 'good';
  const before = double.taken.length;
  await page.goto('/channels?channel=picky');
  await page.getByRole('list', { name: channels['dead.list'] }).waitFor();
  await page.getByRole('checkbox', { name: channels['dead.all'] }).check();
  await shot(page, 'resend');
  await page.getByRole('button', { name: channels['dead.resend'] }).click();
  await page.getByText(channels['dead.none']).waitFor();
  await until('it has come', async () =>
    double.taken.slice(before).some((one) => one.startsWith('/picky')),
  );
  expect(complaints).toEqual([]);
  await end();
});

test('a phone shows silences and channels', async () => {
  const look = LOOKS[1];
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { width: 375, kept });
  const { silences } = words[look.language];
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  await page.goto('/silences');
  await page.getByText(silences.configured).waitFor();
  expect(await wide(), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await page.getByRole('button', { name: silences.new }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: silences.query }).waitFor();
  expect(await wide(), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-silence');
  await page.keyboard.press('Escape');
  await page.goto('/channels');
  await page.getByRole('heading', { name: 'picky' }).waitFor();
  expect(await wide(), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-channels');
  expect(complaints).toEqual([]);
  await end();
});
