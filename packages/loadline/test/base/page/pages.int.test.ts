import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { browserArguments, findBrowser } from '@loadline/local-stack';
import type { LoadReport } from 'loadline/load';
import { renderSimulationHtml, type TriedPolicy } from 'loadline/scaling/simulate';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatValue } from '../../../src/base/page/units.ts';
import { renderHtml } from '../../../src/load/output/html/page.ts';
import { crowdedRun, failedRun, hostileRun, passedRun } from '../../load/output/fixtures.ts';
import { swept } from '../../scaling/simulate/page/reports.ts';

describe('pages, in a browser that is offline', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loadline-page-'));
    browser = await chromium.launch({
      executablePath: findBrowser(),
      args: [...browserArguments],
    });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  it('opens without a complaint, and asks nobody for anything', async () => {
    await using opened = await open(passedRun());
    await opened.page.locator('h1').waitFor();
    expect(opened.complaints).toEqual([]);
    expect(opened.requests).toEqual([opened.address]);
  });

  it('shows what was measured under the cursor, in all charts over time', async () => {
    const run = passedRun();
    await using opened = await open(run);
    const { page } = opened;
    await hoverAt(page, '#latency', 30.5 / 60);
    const second = run.total.timeline[30];
    const p95 = formatValue(second?.latencyMs?.p95 ?? 0, 'ms');
    expect(await page.locator('#latency .tip').innerText()).toMatch(/^0:30\n/);
    expect(await page.locator('#latency .tip').innerText()).toContain(p95);
    expect(await page.locator('#latency .legend output').nth(1).innerText()).toBe(p95);
    expect(await page.locator('#users .legend output').innerText()).toBe('200');
    expect(await page.locator('#throughput .cursor').isVisible()).toBe(true);
    expect(await page.locator('#distribution .cursor').isVisible()).toBe(false);
  });

  it('follows the arrow keys as it follows the cursor', async () => {
    await using opened = await open(passedRun());
    await opened.page.locator('#latency').focus();
    for (const _ of [1, 2, 3]) await opened.page.keyboard.press('ArrowRight');
    expect(await opened.page.locator('#latency .tip b').innerText()).toBe('0:03');
  });

  it('hides a series and shows it again', async () => {
    await using opened = await open(passedRun());
    const line = opened.page.locator('#latency path.line.high');
    const button = opened.page.locator('#latency .legend button.high');
    await button.click();
    expect(await line.isVisible()).toBe(false);
    await button.click();
    expect(await line.isVisible()).toBe(true);
  });

  it('sorts its table by any column, downwards first', async () => {
    const run = failedRun();
    await using opened = await open(run);
    const table = opened.page.locator('table.sortable').first();
    const names = () => table.locator('tbody th').allInnerTexts();
    const byP99 = run.endpoints.toSorted((a, b) => (b.latencyMs?.p99 ?? 0) - (a.latencyMs?.p99 ?? 0));
    await table.getByRole('button', { name: 'p99' }).click();
    expect(await names()).toEqual(byP99.map((row) => row.name));
    await table.getByRole('button', { name: 'p99' }).click();
    expect(await names()).toEqual(byP99.map((row) => row.name).toReversed());
    expect(await table.locator('tfoot th').innerText()).toBe('total');
  });

  it('runs nothing that a server has sent, and shows it', async () => {
    await using opened = await open(hostileRun());
    const { page } = opened;
    await hoverAt(page, '#resource0', 0.5);
    expect(await page.evaluate('window.wasHacked')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('h1').innerText()).toContain('</script><img src=x');
    expect(opened.complaints).toEqual([]);
    expect(opened.requests).toEqual([opened.address]);
  });

  it('lets no script run but its own, even if one got in', async () => {
    const page = renderHtml(passedRun()).replace('</main>', '<script>window.wasHacked = 1</script></main>');
    await using opened = await openText(page);
    expect(await opened.page.evaluate('window.wasHacked')).toBeUndefined();
    expect(opened.complaints.join()).toContain('Content Security Policy');
  });

  it.each([1400, 800, 380])('fits a window that is %i pixels wide', async (width) => {
    await using opened = await open(crowdedRun(), width);
    const isTooWide = 'document.documentElement.scrollWidth > window.innerWidth';
    expect(await opened.page.evaluate(isTooWide)).toBe(false);
  });

  it('shows of points the nearest one alone, and the next by the arrow keys', async () => {
    await using opened = await openText(renderSimulationHtml(swept()));
    const { page } = opened;
    const tip = page.locator('#curve .tip');
    await hoverAt(page, '#curve', 0);
    const first = await tip.innerText();
    expect(first).toMatch(/^as it is\n/);
    expect(await tip.locator('span').count()).toBe(1);
    await page.locator('#curve').focus();
    for (const _ of [1, 2]) await page.keyboard.press('ArrowRight');
    expect(await tip.innerText()).not.toBe(first);
    expect(opened.complaints).toEqual([]);
  });

  it('shows a dot on the axis whole, and the labels beside it, also on a telephone', async () => {
    const report = swept();
    const [first, ...others] = report.tried.map((each) => ({
      ...each,
      result: { ...each.result, violatedRatio: 0 },
    }));
    const rarely = { ...first, result: { ...first?.result, violatedRatio: 0.0007 } } as TriedPolicy;
    await using opened = await openText(renderSimulationHtml({ ...report, tried: [rarely, ...others] }), 360);
    const { page } = opened;
    expect(await page.locator('#curve .y-axis').innerHTML()).toContain('>0.002 %<');
    const clipping = "getComputedStyle(document.querySelector('#curve svg svg')).overflow";
    expect(await page.evaluate(clipping)).toBe('visible');
    const outside = await page.evaluate(`(() => {
      const axis = document.querySelector('#curve .y-axis');
      const leftOf = (element) => element.getBoundingClientRect().left;
      return [...axis.children].filter((label) => leftOf(label) < leftOf(axis)).length;
    })()`);
    expect(outside).toBe(0);
  });

  it('says under the cursor why a policy had what it had', async () => {
    await using opened = await openText(renderSimulationHtml(swept()), 360);
    const { page } = opened;
    await hoverAt(page, '#fleet0', 0.503);
    expect(await page.locator('#fleet0 .tip').innerText()).toMatch(
      /^2026-06-06 03:0\d\n[\s\S]*Scale out the service from/,
    );
    expect(await page.locator('#load .cursor').isVisible()).toBe(true);
    expect(await page.locator('#curve .cursor').isVisible()).toBe(false);
    expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
  });

  it('writes values as the terminal does', async () => {
    const values: [number, string][] = [
      0, 0.0123, 0.9996, 1.23456, 84.55, 999.4, 59_949, 90_000, 7.5e6,
    ].flatMap((value) =>
      ['ms', 'bytes', 'bytes per second', 'count', 'per second'].map((unit): [number, string] => [
        value,
        unit,
      ]),
    );
    values.push(...[0, 0.00012, 0.5, 0.9999, 1].map((value): [number, string] => [value, 'ratio']), [
      3,
      'rows',
    ]);
    await using opened = await open(passedRun());
    const shown = await opened.page.evaluate(
      `${JSON.stringify(values)}.map(([value, unit]) => show(value, unit))`,
    );
    expect(shown).toEqual(values.map(([value, unit]) => formatValue(value, unit)));
  });

  interface Opened extends AsyncDisposable {
    readonly page: Page;
    readonly address: string;
    readonly complaints: string[];
    readonly requests: string[];
  }

  function open(run: LoadReport, width?: number): Promise<Opened> {
    return openText(renderHtml(run), width);
  }

  async function openText(text: string, width = 1400): Promise<Opened> {
    const file = join(folder, 'run.html');
    writeFileSync(file, text);
    const context = await browser.newContext({ offline: true, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    const address = pathToFileURL(file).href;
    await page.goto(address);
    return { page, address, complaints, requests, [Symbol.asyncDispose]: () => context.close() };
  }
});

async function hoverAt(page: Page, chart: string, share: number): Promise<void> {
  const canvas = page.locator(`${chart} .canvas`);
  const box = await canvas.boundingBox();
  await canvas.hover({ position: { x: (box?.width ?? 0) * share, y: 20 } });
}
