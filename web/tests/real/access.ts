// Whether everybody can use a page: what axe-core finds there.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** Serious findings of axe-core (WCAG 2 A and AA, and its own best practices). */
export async function findings(page: Page) {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await page.evaluate(readFileSync(path, 'utf8'));
  const report = await page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe puts itself there
    const { violations } = await (window as any).axe.run();
    return violations.map((one: { id: string; impact: string; nodes: { html: string }[] }) => ({
      id: one.id,
      impact: one.impact,
      nodes: one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
    }));
  });
  return report.filter((one: { impact: string }) => ['serious', 'critical'].includes(one.impact));
}
