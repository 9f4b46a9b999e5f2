// A browser that has logged in, in a theme and a language, and everything it complains about.
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { alerts as alertsEn } from '@/i18n/en/alerts';
import { audit as auditEn } from '@/i18n/en/audit';
import { channels as channelsEn } from '@/i18n/en/channels';
import { common as commonEn } from '@/i18n/en/common';
import { delivery as deliveryEn } from '@/i18n/en/delivery';
import { frame as frameEn } from '@/i18n/en/frame';
import { host as hostEn } from '@/i18n/en/host';
import { login as loginEn } from '@/i18n/en/login';
import { overview as overviewEn } from '@/i18n/en/overview';
import { reports as reportsEn } from '@/i18n/en/reports';
import { rule as ruleEn } from '@/i18n/en/rule';
import { rules as rulesEn } from '@/i18n/en/rules';
import { search as searchEn } from '@/i18n/en/search';
import { silences as silencesEn } from '@/i18n/en/silences';
import { alerts as alertsRu } from '@/i18n/ru/alerts';
import { audit as auditRu } from '@/i18n/ru/audit';
import { channels as channelsRu } from '@/i18n/ru/channels';
import { common as commonRu } from '@/i18n/ru/common';
import { delivery as deliveryRu } from '@/i18n/ru/delivery';
import { frame as frameRu } from '@/i18n/ru/frame';
import { host as hostRu } from '@/i18n/ru/host';
import { login as loginRu } from '@/i18n/ru/login';
import { overview as overviewRu } from '@/i18n/ru/overview';
import { reports as reportsRu } from '@/i18n/ru/reports';
import { rule as ruleRu } from '@/i18n/ru/rule';
import { rules as rulesRu } from '@/i18n/ru/rules';
import { search as searchRu } from '@/i18n/ru/search';
import { silences as silencesRu } from '@/i18n/ru/silences';
import type { Program } from './program';

export const words = {
  en: {
    common: commonEn,
    alerts: alertsEn,
    delivery: deliveryEn,
    frame: frameEn,
    login: loginEn,
    overview: overviewEn,
    search: searchEn,
    audit: auditEn,
    channels: channelsEn,
    host: hostEn,
    reports: reportsEn,
    rule: ruleEn,
    rules: rulesEn,
    silences: silencesEn,
  },
  ru: {
    common: commonRu,
    alerts: alertsRu,
    delivery: deliveryRu,
    frame: frameRu,
    login: loginRu,
    overview: overviewRu,
    search: searchRu,
    audit: auditRu,
    channels: channelsRu,
    host: hostRu,
    reports: reportsRu,
    rule: ruleRu,
    rules: rulesRu,
    silences: silencesRu,
  },
};

export interface Look {
  scheme: 'light' | 'dark';
  language: 'en' | 'ru';
}

export const LOOKS: readonly Look[] = [
  { scheme: 'light', language: 'en' },
  { scheme: 'dark', language: 'ru' },
  { scheme: 'dark', language: 'en' },
  { scheme: 'light', language: 'ru' },
];

export const CHOSEN = 'correct horse battery staple';

/** Debian's chromium; browsers are never downloaded. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** Whatever the console said that is no plain remark. */
  complaints: string[];
  end(): Promise<void>;
}

/** What a browser keeps of somebody who has logged in. */
export type Kept = Awaited<ReturnType<BrowserContext['storageState']>>;

export async function visit(
  browser: Browser,
  program: Program,
  look: Look,
  { width = 1280, kept }: { width?: number; kept?: Kept } = {},
): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: program.url,
    storageState: kept,
    viewport: { width, height: 800 },
    colorScheme: look.scheme,
    locale: look.language === 'ru' ? 'ru-RU' : 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page, complaints, end: () => context.close() };
}

export async function logIn(page: Page, look: Look, password: string, to = '/') {
  const { login } = words[look.language];
  await page.goto(to);
  await page.getByRole('textbox', { name: login.user }).fill('admin');
  await page.getByRole('textbox', { name: login.password, exact: true }).fill(password);
  await page.getByRole('button', { name: login.submit }).click();
}

/** Waits until it is so; says what was waited for when it does not come. */
export async function until(what: string, ready: () => Promise<boolean>, ms = 20_000) {
  const end = Date.now() + ms;
  while (!(await ready())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Of the one table a page has: a flat one, or one whose rows open. */
export const rows = (page: Page): Locator =>
  page.locator('[role=grid], [role=treegrid]').getByRole('row');

export async function shot(page: Page, name: string) {
  const folder = process.env.SHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}

/** Logs in with the one-time password and chooses [`CHOSEN`]. */
export async function chooseFirst(page: Page, program: Program) {
  const { login } = words.en;
  await logIn(page, { scheme: 'light', language: 'en' }, program.password, '/overview');
  await page.getByRole('heading', { name: login['change.forced'] }).waitFor();
  await page.getByRole('textbox', { name: login['change.new'], exact: true }).fill(CHOSEN);
  await page.getByRole('textbox', { name: login['change.again'] }).fill(CHOSEN);
  await page.getByRole('button', { name: login['change.submit'] }).click();
  await page.waitForURL(/overview/);
}
