// A host's page: a file there is hashed, looked up and given away; and the audit log, which tells who did it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findings } from './access';
import { type Program, startProgram } from './program';
import { startVirusTotal, type VirusTotal } from './virustotal';
import { chooseFirst, type Kept, LOOKS, launch, shot, until, visit, words } from './world';

let program: Program;
let browser: Browser;
let kept: Kept;
let virustotal: VirusTotal;
let folder: string;
let agent: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watchpost-host-'));
  writeFileSync(join(folder, 'invoice.exe'), 'MZ, and what it brings');
  virustotal = await startVirusTotal();
  const config = ['[commands]', 'allow = ["hash", "lookup_upload"]', ...virustotal.section];
  [program, browser] = await Promise.all([startProgram(config), launch()]);
  const first = await visit(browser, program, { scheme: 'light', language: 'en' });
  await chooseFirst(first.page, program);
  const told = () =>
    first.page.evaluate(async () => {
      const answer = await fetch('/api/v1/delivery');
      const host = answer.ok ? (await answer.json()).hosts[0] : undefined;
      return host?.uploads?.length ? (host.agent as string) : '';
    });
  await until('the agent has said what it allows', async () => (await told()) !== '', 60_000);
  agent = await told();
  kept = await first.context.storageState();
  await first.end();
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
  await virustotal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(LOOKS.slice(0, 2))('$scheme, $language', (look) => {
  const name = `${look.scheme}-${look.language}`;
  const { host, audit, frame, delivery } = words[look.language];

  test('a file on a host is hashed and looked up, and given away once one has said so', async () => {
    const { page, complaints, end } = await visit(browser, program, look, { kept });
    await page.goto('/delivery');
    const hosts = page.getByRole('heading', { name: delivery['hosts.title'] });
    await page.locator('section', { has: hosts }).locator('summary').first().click();
    await page.getByRole('link', { name: delivery['host.page'] }).click();
    await page.getByRole('heading', { name: host.file }).waitFor();
    const path = join(folder, 'invoice.exe');
    await page.locator('form input').fill(path);
    await page.keyboard.press('Enter');
    const result = page.getByRole('region', { name: host.result });
    await result.getByText(host['is.malicious'], { exact: true }).waitFor({ timeout: 60_000 });
    await result.getByText(/virustotal: 40 \S+ 70/).waitFor();
    await shot(page, `host-${name}`);
    expect(await findings(page)).toEqual([]);
    const before = virustotal.uploads.length;
    await page.getByRole('button', { name: host.upload }).click();
    const keep = page.getByRole('button', { name: host['upload.no'] });
    await until('the harmless answer has the focus', () =>
      keep.evaluate((button) => button === document.activeElement),
    );
    await shot(page, `host-upload-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await keep.waitFor({ state: 'detached' });
    expect(virustotal.uploads.length).toBe(before);
    await page.getByRole('button', { name: host.upload }).click();
    await page.getByRole('button', { name: host['upload.yes'], exact: true }).click();
    await result.getByRole('link', { name: host.link }).waitFor({ timeout: 60_000 });
    expect(virustotal.uploads.length).toBe(before + 1);
    expect(virustotal.uploads.at(-1)).toContain('MZ, and what it brings');
    expect(complaints).toEqual([]);
    await end();
  });

  test('the audit log tells who did what, and is filtered', async () => {
    const { page, complaints, end } = await visit(browser, program, look, { kept });
    await page.goto('/overview');
    await page.getByRole('link', { name: frame.audit, exact: true }).click();
    await page.waitForURL(/\/audit\?from=-30d/);
    const rows = page.locator('tbody tr');
    await rows.filter({ hasText: audit['did.agent.command.hash'] }).first().waitFor();
    const hashed = rows.filter({ hasText: audit['did.agent.command.hash'] }).first();
    for (const part of ['admin', '127.0.0.1', 'invoice.exe']) {
      expect(await hashed.textContent()).toContain(part);
    }
    await rows.filter({ hasText: audit['did.password.change'] }).first().waitFor();
    await shot(page, `audit-${name}`);
    expect(await findings(page)).toEqual([]);
    await page.getByRole('combobox', { name: audit.action }).selectOption('agent');
    await page.getByRole('searchbox', { name: audit.object }).fill(agent);
    await page.waitForURL((url) => url.searchParams.get('object') === agent);
    await until('only what was asked of the agent', async () => {
      const texts = await rows.allTextContents();
      const did = [audit['did.agent.command.hash'], audit['did.agent.command.lookup_upload']];
      return texts.length > 0 && texts.every((text) => did.some((one) => text.includes(one)));
    });
    await page.getByRole('checkbox', { name: audit.refused }).check();
    await page.getByRole('heading', { name: audit.empty }).waitFor();
    expect(await findings(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await end();
  });
});

test('a host that nobody knows is said to be unknown, and the pages fit a phone', async () => {
  const look = LOOKS[0];
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept, width: 390 });
  await page.goto('/host?agent=nobody');
  await page.getByRole('heading', { name: words.en.host.unknown }).waitFor();
  for (const address of [`/host?agent=${agent}`, '/audit']) {
    await page.goto(address);
    await page.getByRole('heading', { level: 1 }).waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
  }
  expect(complaints).toEqual([]);
  await end();
});
