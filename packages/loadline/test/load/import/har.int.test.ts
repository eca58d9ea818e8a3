import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserArguments, findBrowser } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, type LoadReport, readLoadPlan, runLoad } from 'loadline/load';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importHar } from '../../../src/load/import/index.ts';
import { openStrictShop, type StrictShop, shopPassword } from './strict-shop.ts';

describe('a recording of a browser', () => {
  let folder: string;
  let recording: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loadline-import-'));
    recording = join(folder, 'shop.har');
    await using shop = await openStrictShop();
    await record(shop, recording);
    expect([shop.mistakes, shop.confirmed.size]).toEqual([[], 1]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('becomes a scenario that a shop takes which makes up everything anew', async () => {
    await using shop = await openStrictShop();
    const report = await runOf(await importHar(recording, { think: false }), shop);
    expect(shop.mistakes).toEqual([]);
    expect([report.iterations.cutShortBecause, report.total.errors]).toEqual([{}, 0]);
    expect(report.iterations.completed).toBeGreaterThanOrEqual(10);
    expect(shop.confirmed.size).toBe(report.iterations.completed);
    expect(report.endpoints.map(({ name }) => name)).toEqual([
      'GET /',
      'POST /login',
      'GET /api/me',
      'POST /api/orders',
      'GET /api/orders/{orderId}',
      'PUT /api/orders/{orderId}/confirm',
    ]);
  });

  it('is written without what it knew, and with what has to be set', async () => {
    const written = await importHar(recording);
    expect(written).not.toContain(shopPassword);
    expect(written).not.toMatch(/tok-[0-9a-f]{8}|visitor=|session=/);
    expect(written).toContain('#   PASSWORD: password of POST /login');
    expect(written).toContain('images, fonts, styles, scripts and media (--assets keeps them): ');
    expect(written).toContain('# The page Shop');
    expect(written).toMatch(/- think: [\d.]+m?s/);
  });

  it('is found out by that shop where what it recorded is sent again', async () => {
    await using shop = await openStrictShop();
    const stale = (await importHar(recording, { think: false })).replaceAll('{{formToken}}', 'as-recorded');
    await runOf(stale, shop);
    expect(shop.mistakes[0]).toContain('a foreign form token');
  });

  async function runOf(yaml: string, shop: StrictShop): Promise<LoadReport> {
    const file = join(folder, 'shop.yaml');
    await writeFile(file, yaml);
    const plan = await readLoadPlan(file, {
      target: shop.origin,
      rate: '20/s',
      duration: '1s',
      env: { PASSWORD: shopPassword },
    });
    const target = new URL(shop.origin);
    return runLoad(plan, {
      transport: createHttp1Transport({ target, address: '127.0.0.1', clock: systemClock }),
    });
  }
});

/** What a person does with a browser: logs in, looks a moment, orders. */
async function record(shop: StrictShop, path: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: findBrowser(),
    args: [...browserArguments],
  });
  try {
    const context = await browser.newContext({ recordHar: { path, content: 'embed' } });
    const page = await context.newPage();
    await page.goto(shop.origin);
    await page.locator('input[name=user]').fill('ann');
    await page.locator('input[name=password]').fill(shopPassword);
    await page.waitForTimeout(400);
    await page.locator('button').click();
    await page.locator('button', { hasText: 'Order' }).click();
    await page.locator('output', { hasText: 'done' }).waitFor();
    await context.close();
  } finally {
    await browser.close();
  }
  expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty('log.entries');
}
