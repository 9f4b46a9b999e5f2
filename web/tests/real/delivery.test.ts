// The Delivery page: what the program says of its own host, and every finding there is, in words.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Delivery, Finding } from '@/api/types';
import { type Program, startProgram } from './program';
import { chooseFirst, type Kept, LOOKS, launch, shot, until, visit, words } from './world';

let program: Program;
let browser: Browser;
let kept: Kept;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launch()]);
  const first = await visit(browser, program, { scheme: 'light', language: 'en' });
  await chooseFirst(first.page, program);
  const isInside = () => first.page.evaluate(async () => (await fetch('/api/v1/delivery')).ok);
  await until('the chosen password', isInside);
  kept = await first.context.storageState();
  await first.end();
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const KINDS: [Finding['kind'], Finding['tone']][] = [
  ['damage', 'bad'],
  ['gap', 'bad'],
  ['rejected', 'bad'],
  ['faults', 'bad'],
  ['host-silent', 'bad'],
  ['stream-silent', 'bad'],
  ['conflict', 'warn'],
  ['server-full', 'warn'],
  ['reader-stopped', 'warn'],
  ['reader-behind', 'warn'],
  ['spool-full', 'warn'],
  ['agent-trouble', 'warn'],
  ['lagging', 'warn'],
  ['source-trouble', 'note'],
  ['unwatched', 'note'],
  ['overlong', 'note'],
  ['duplicates', 'note'],
];

/** The real report with everything wrong that can be. */
function troubled(report: Delivery): Delivery {
  const agent = report.hosts[0]?.agent;
  const findings = KINDS.map(
    ([kind, tone]): Finding => ({
      kind,
      tone,
      what: `What ${kind} is.`,
      remedy: `What to do about ${kind}.`,
      agent,
      host: 'web-1',
      stream: 'file:/var/log/shop/orders-service.log',
      name: kind.startsWith('reader') ? 'store' : 'file shop',
      detail: kind === 'gap' || kind === 'faults' ? 'spool-full' : 'disk <b>full</b>',
      count: 21,
      records: 3,
      bytes: 48_000,
      seconds: 200,
      since: report.at,
    }),
  );
  const [host] = report.hosts;
  const stream = report.streams.find((one) => one.agent === agent);
  if (!host || !stream) throw new Error('nothing is collected');
  const lag = { records: 1234, seconds: 200 };
  Object.assign(host, { state: 'silent', lag });
  Object.assign(stream, {
    stream: 'a stream in trouble',
    lag,
    silent_since: report.at,
    expected_seconds: 7200,
    overlong: { records: 3, omitted: 48_000 },
    duplicates: 5,
    conflicts: 2,
    unwatched: [{ from: report.at, to: report.at }],
  });
  return { ...report, verdict: 'lost', findings };
}

async function makeTrouble(page: Page) {
  await page.route('**/api/v1/delivery*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: troubled(await answer.json()) });
  });
}

const width = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth);

test('the host reports, and its sources say when they were looked at', async () => {
  const look = LOOKS[0];
  if (!look) throw new Error('no look');
  const { page, complaints, end } = await visit(browser, program, look, { kept });
  const { delivery } = words.en;
  await page.goto('/delivery');
  const hosts = page.getByRole('heading', { name: delivery['hosts.title'], exact: true });
  await hosts.waitFor();
  const host = page.locator('details', { hasText: delivery['host.reporting'] }).first();
  await host.locator('summary').click();
  await host.getByText('file demo').waitFor();
  await until('a scan', async () =>
    ((await host.textContent()) ?? '').includes(delivery['source.scanned']),
  );
  const report = (await page.evaluate(async () =>
    (await fetch('/api/v1/delivery')).json(),
  )) as Delivery;
  expect(report.hosts[0]?.state).toBe('reporting');
  expect(report.findings.filter(({ tone }) => tone === 'bad')).toEqual([]);
  await shot(page, 'delivery-host');
  expect(complaints).toEqual([]);
  await end();
});

describe.each(LOOKS)('every finding, $scheme $language', (look) => {
  test.each([1280, 375])('is said at %i pixels', async (pixels) => {
    const { page, complaints, end } = await visit(browser, program, look, { width: pixels, kept });
    const { delivery } = words[look.language];
    await makeTrouble(page);
    await page.goto('/delivery');
    const verdict = page.locator('section', { hasText: delivery['verdict.lost'] });
    await verdict.waitFor();
    const notes = KINDS.filter(([, tone]) => tone === 'note').length;
    await verdict.getByRole('button', { expanded: false }).first().click();
    expect(await verdict.getByRole('listitem').count()).toBe(KINDS.length);
    const text = (await verdict.textContent()) ?? '';
    expect(text).not.toContain('{{');
    expect(text).not.toContain('finding.');
    if (look.language === 'en') {
      for (const [kind] of KINDS) {
        expect(text, kind).toContain(`What ${kind} is.`);
        expect(text, kind).toContain(`What to do about ${kind}.`);
      }
    } else {
      expect(text).not.toContain('What ');
      expect(text).toContain('disk <b>full</b>');
    }
    expect(notes).toBe(4);
    await shot(page, `findings-${look.scheme}-${look.language}-${pixels}`);
    const row = page.getByRole('table').getByRole('button', { name: 'a stream in trouble' });
    await row.scrollIntoViewIfNeeded();
    await row.click();
    await page.getByText(delivery['detail.unwatched']).first().waitFor();
    await shot(page, `findings-open-${look.scheme}-${look.language}-${pixels}`);
    expect(await width(page), 'nothing hangs over the edge').toBeLessThanOrEqual(pixels);
    expect(complaints).toEqual([]);
    await end();
  });
});
