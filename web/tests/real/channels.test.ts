// Channels and routes that are made in the interface: over the real program and a local double of the Bot API.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
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

const TOKEN = '123456:correct-token';
const WRONG_CHAT = '-404';

let program: Program;
let browser: Browser;
let kept: Kept;
let telegram: Double;

/** A Bot API that knows one token, and one chat that it does not find. */
interface Double {
  url: string;
  /** What was sent: chat and text. */
  sent: string[];
  stop(): void;
}

async function startDouble(): Promise<Double> {
  const sent: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const say = (status: number, value: object) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify(value));
      const refuse = (status: number, description: string) =>
        say(status, { ok: false, error_code: status, description });
      if (!request.url?.startsWith(`/bot${TOKEN}/`)) return refuse(401, 'Unauthorized');
      if (!request.url.endsWith('/sendMessage')) return say(200, { ok: true, result: [] });
      const { chat_id: chat, text } = JSON.parse(body);
      if (String(chat) === WRONG_CHAT) return refuse(400, 'Bad Request: <b>chat</b> not found');
      sent.push(`${chat} ${text}`);
      return say(200, { ok: true, result: { message_id: sent.length } });
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, sent, stop: () => server.close() };
}

const CONFIGURATION = [
  '[[channel]]',
  'name = "fixed"',
  'kind = "webhook"',
  'url = "http://127.0.0.1:9/fixed"',
  '[[route]]',
  'when = "host.name:never-*"',
  'channels = ["fixed"]',
];

beforeAll(async () => {
  telegram = await startDouble();
  [program, browser] = await Promise.all([startProgram(CONFIGURATION), launch()]);
  const first = await visit(browser, program, { scheme: 'light', language: 'en' });
  await chooseFirst(first.page, program);
  const isFound = () =>
    first.page.evaluate(async () => {
      const answer = await fetch('/api/v1/alerts?state=all');
      return ((await answer.json()).alerts?.length ?? 0) > 0;
    });
  await until('an alert to try templates with', isFound, 60_000);
  kept = await first.context.storageState();
  await first.end();
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
  telegram?.stop();
});

const say = (template: string, values: Record<string, string | number>) =>
  template.replace(/\{\{(\w+)\}\}/g, (_, key) => String(values[key] ?? ''));

const item = (page: Page, list: string, name: string) =>
  page
    .getByRole('list', { name: list, exact: true })
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name, exact: true }) });

/** Fields have "needed" behind their names. */
const field = (page: Page, label: string) => page.locator('form').getByLabel(label).first();

async function writeTelegram(page: Page, look: Look, name: string, chat: string) {
  const { channels } = words[look.language];
  await page.goto('/channels');
  await page.getByRole('button', { name: channels.new }).first().click();
  await page.getByText(channels['kinds.script']).waitFor();
  await page.getByRole('link', { name: /^Telegram/ }).click();
  await page.waitForURL(/make=telegram/);
  await field(page, channels['field.name']).fill(name);
  await field(page, channels['field.chat.telegram']).fill(chat);
  await page.getByText(channels['form.more'], { exact: true }).click();
  await field(page, channels['field.buttons']).selectOption('false');
  await field(page, channels['field.api_url']).fill(telegram.url);
}

describe.each(LOOKS)('$scheme, $language', (look) => {
  let here: Visit;
  const text = words[look.language].channels;
  const name = `${look.scheme}-${look.language}`;

  beforeAll(async () => {
    here = await visit(browser, program, look, { kept });
  });

  afterAll(() => here?.end());

  test('a channel is written, tried, saved, changed', async () => {
    const { page } = here;
    await writeTelegram(page, look, name, WRONG_CHAT);
    const token = field(page, text['field.token.telegram']);
    const attempt = page.getByRole('button', { name: text['form.try'] });
    const save = page.getByRole('button', { name: text['form.save'] });
    expect(await save.isDisabled(), 'a token is needed').toBe(true);
    await token.fill('no token at all');
    await attempt.click();
    await until('the wrong key is named', async () => {
      return (await token.getAttribute('aria-invalid')) === 'true';
    });
    await shot(page, `channel-mistake-${name}`);
    expect(await findings(page)).toEqual([]);
    // The browser itself notes every answer of 400.
    here.complaints.splice(0);
    await token.fill(TOKEN);
    await attempt.click();
    await page.getByText('<b>chat</b>').waitFor();
    const chat = `-100${telegram.sent.length}1`;
    await field(page, text['field.chat.telegram']).fill(chat);
    const before = telegram.sent.length;
    await attempt.click();
    await page.getByText(text['test.taken']).waitFor();
    expect(telegram.sent.slice(before)).toHaveLength(1);
    expect(telegram.sent[before]).toContain(chat);
    const template = page.getByRole('textbox', { name: text.template, exact: true });
    await page.getByRole('button', { name: text['template.usual'] }).click();
    expect(await template.inputValue()).toContain('{{ text }}');
    await until('the usual text', async () =>
      /^[\p{Lu} ]+: /u.test(await page.locator('form pre').innerText()),
    );
    await template.fill('seen: ');
    await page
      .getByRole('button', {
        name: say(text['template.word'], { word: 'rule.name', what: text['word.rule.name'] }),
      })
      .click();
    expect(await template.inputValue()).toBe('seen: {{ rule.name }}');
    await until('the preview', async () =>
      /^seen: \S/.test(await page.locator('form pre').innerText()),
    );
    await shot(page, `channel-${name}`);
    expect(await findings(page)).toEqual([]);
    await save.click();
    const row = item(page, text.list, name);
    await row.getByText(text['state.idle'], { exact: true }).waitFor();
    await row.getByRole('button', { name: say(text['edit.label'], { channel: name }) }).click();
    await page.waitForURL(new RegExp(`edit=${name}`));
    await page.getByText(text['secret.kept']).first().waitFor();
    expect(await field(page, text['field.chat.telegram']).inputValue()).toBe(chat);
    expect(await template.inputValue()).toBe('seen: {{ rule.name }}');
    expect(await field(page, text['field.token.telegram']).inputValue()).toBe('');
    await field(page, text['field.chat.telegram']).fill(`${chat}2`);
    await save.click();
    await row.getByRole('button', { name: text.test }).click();
    await row.getByText(text['test.taken']).waitFor();
    expect(telegram.sent.at(-1), 'the token was kept').toContain(`${chat}2`);
    await item(page, text.list, 'fixed').getByText(text.configured).waitFor();
    await shot(page, `channels-made-${name}`);
    expect(await findings(page)).toEqual([]);
    expect(here.complaints).toEqual([]);
  });

  test('a route to it says what it does, and holds it', async () => {
    const { page } = here;
    await page.goto('/channels');
    await page.getByRole('button', { name: text['route.new'] }).click();
    const form = page.locator('form');
    const when = form.getByRole('textbox', { name: text['route.when'], exact: true });
    await when.fill('host.name:(');
    await form.getByRole('alert').waitFor();
    await shot(page, `route-mistake-${name}`);
    expect(await findings(page)).toEqual([]);
    here.complaints.splice(0);
    await form.getByRole('button', { name: text['route.ready.high'] }).click();
    expect(await when.inputValue()).toBe('watchpost.alert.severity:>=high');
    const channels = form.getByRole('group', { name: text['route.channels'], exact: true });
    await channels.getByRole('checkbox', { name, exact: true }).check();
    await form.getByText(text['form.more'], { exact: true }).click();
    await form.getByRole('textbox', { name: text['route.rate.label'], exact: true }).fill('7/m');
    await form.getByText(say(text['route.rate.m'], { n: 7 })).waitFor();
    await shot(page, `route-${name}`);
    expect(await findings(page)).toEqual([]);
    await form.getByRole('button', { name: text['form.save'] }).click();
    await form.waitFor({ state: 'detached' });
    const routes = page.getByRole('list', { name: text.routes, exact: true });
    const own = routes.getByRole('listitem').filter({ hasText: name }).first();
    await own.getByText(say(text['route.rate.m'], { n: 7 })).waitFor();
    const row = item(page, text.list, name);
    await row.getByRole('button', { name: say(text['remove.label'], { channel: name }) }).click();
    await row.getByRole('button', { name: text['remove.yes'], exact: true }).click();
    await row.getByRole('alert').waitFor();
    await shot(page, `channel-used-${name}`);
    expect(await findings(page)).toEqual([]);
    // An answer of 409.
    here.complaints.splice(0);
    await own.getByRole('button', { name: say(text['route.remove.label'], { n: 1 }) }).click();
    await own.getByRole('button', { name: say(text['route.remove.label'], { n: 1 }) }).click();
    await own.waitFor({ state: 'detached' });
    await row.getByRole('button', { name: text['remove.yes'], exact: true }).click();
    await row.waitFor({ state: 'detached' });
    expect(here.complaints).toEqual([]);
  });
});

test('who saves second is told who was first', async () => {
  const [look] = LOOKS;
  if (!look) throw new Error('no look');
  const { page, context, end } = await visit(browser, program, look, { kept });
  const { channels } = words.en;
  await writeTelegram(page, look, 'shared', '-1001');
  await field(page, channels['field.token.telegram']).fill(TOKEN);
  await page.getByRole('button', { name: channels['form.save'] }).click();
  await item(page, channels.list, 'shared').waitFor();
  await page.goto('/channels?edit=shared');
  const chat = field(page, channels['field.chat.telegram']);
  await until('the form', async () => (await chat.inputValue()) === '-1001');
  const other = await context.newPage();
  await other.goto('/channels?edit=shared');
  await field(other, channels['field.chat.telegram']).fill('-1002');
  await other.getByRole('button', { name: channels['form.save'] }).click();
  await item(other, channels.list, 'shared').waitFor();
  await chat.fill('-1003');
  await page.getByRole('button', { name: channels['form.save'] }).click();
  await page.getByText(say(channels['conflict.channel'], { who: 'admin' })).waitFor();
  await shot(page, 'channel-conflict');
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: channels['conflict.load'] }).click();
  await until('what the other wrote', async () => (await chat.inputValue()) === '-1002');
  await end();
});

test('a phone makes channels and routes too', async () => {
  const look = LOOKS[1];
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { width: 375, kept });
  const { channels } = words[look.language];
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  await page.goto('/channels?make=1');
  await page.getByText(channels['kinds.script']).waitFor();
  expect(await wide(), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-kinds');
  await page.getByRole('link', { name: /^Telegram/ }).click();
  await field(page, channels['field.name']).waitFor();
  expect(await wide(), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-channel');
  await page.goto('/channels');
  await page.getByRole('button', { name: channels['route.new'] }).click();
  await page.getByRole('textbox', { name: channels['route.when'], exact: true }).waitFor();
  expect(await wide(), 'nothing hangs over the edge').toBeLessThanOrEqual(375);
  await shot(page, 'phone-route');
  expect(complaints).toEqual([]);
  await end();
});
