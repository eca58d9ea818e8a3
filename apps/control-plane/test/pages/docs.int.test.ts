import type { AddressInfo } from 'node:net';
import { browserArguments, findBrowser } from '@loadline/local-stack';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationNames } from '../../src/contract/index.ts';
import { type Plane, startPlane } from '../plane.ts';

let browser: Browser;
let plane: Plane;
let base: string;

beforeAll(async () => {
  plane = await startPlane();
  await plane.composition.app.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(plane.composition.app.server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: findBrowser(), args: [...browserArguments] });
});

afterAll(async () => {
  await browser?.close();
  await plane?.[Symbol.asyncDispose]();
});

/** What a browser finds wrong: errors of scripts, and whatever the page's policy forbids. */
async function open(width: number, hash = ''): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 800 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Whoever has no session is refused, which a browser tells as an error.
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  await page.goto(`${base}/docs${hash}`);
  return { page, complaints };
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

describe('/docs, in a browser', () => {
  it('lets in who has a key, and says why it does not let in others', async () => {
    const { page, complaints } = await open(1200);
    await signIn(page, 'll_000000000000_none');
    await page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
    await signIn(page, plane.keys.viewer);
    await page.locator('details').first().waitFor();
    expect(await page.locator('details').count()).toBeGreaterThanOrEqual(operationNames.length);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('finds operations as one types, and is no wider than a phone', async () => {
    const { page, complaints } = await open(360);
    await signIn(page, plane.keys.viewer);
    await page.locator('#search').fill('heartbeat');
    expect(await page.locator('#beatInstance').isVisible()).toBe(true);
    expect(await page.locator('#listKeys').isVisible()).toBe(false);
    await page.locator('#search').fill('no such thing');
    expect(await page.locator('#nothing').isVisible()).toBe(true);
    await page.goto(`${base}/docs#schema-LoadTest`);
    await page.locator('#schema-LoadTest[open]').waitFor();
    const fields = "document.querySelector('#schema-LoadTest .scroll')";
    for (const whole of ['document.documentElement', fields])
      expect(await page.evaluate(`${whole}.scrollWidth - ${whole}.clientWidth`)).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('leads to each group that has something to show', async () => {
    const { page } = await open(360);
    await signIn(page, plane.keys.viewer);
    const groups = page.getByRole('list', { name: 'Groups' });
    await groups.getByRole('link', { name: 'Alerts' }).click();
    const top = await page.evaluate("document.getElementById('group-alerts').getBoundingClientRect().top");
    expect(Math.abs(top as number)).toBeLessThan(40);
    await page.locator('#search').fill('silence');
    const shown = await groups.getByRole('link').allInnerTexts();
    expect(shown).toContain('Alerts');
    expect(shown).not.toContain('Tests');
    await page.context().close();
  });

  it('opens the operation that a link leads to', async () => {
    const { page } = await open(1200);
    await signIn(page, plane.keys.viewer);
    await page.locator('details').first().waitFor();
    await page.goto(`${base}/docs#getCpuMetrics`);
    expect(await page.locator('#getCpuMetrics').getAttribute('open')).not.toBeNull();
    expect(await page.locator('#getCpuMetrics').innerText()).toContain('cpuRatio');
    await page.context().close();
  });

  it('goes where a link led, once somebody has signed in', async () => {
    const { page } = await open(1200, '#getCpuMetrics');
    await signIn(page, plane.keys.viewer);
    await page.locator('#getCpuMetrics[open]').waitFor();
    const topOf = "document.getElementById('getCpuMetrics').getBoundingClientRect().top";
    await expect.poll(async () => Math.abs((await page.evaluate(topOf)) as number)).toBeLessThan(40);
    await page.context().close();
  });
});
