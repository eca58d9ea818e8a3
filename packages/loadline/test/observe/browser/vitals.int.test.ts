import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { browserArguments, findBrowser } from '@loadline/local-stack';
import { type Observer, observe } from 'loadline/observe';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

/** A page that moves once, when it has been painted, and has a button that is slow. */
const page = `<!doctype html><title>Dish</title>
<script src="/loadline/vitals.js" data-page="/food/:id" defer></script>
<div id="above"></div><h1>A dish of today</h1><button>Claim</button>
<script>
  document.querySelector('button').onclick = () => { const end = performance.now() + 120; while (performance.now() < end); };
  new PerformanceObserver(() => { document.querySelector('#above').style.height = '300px'; })
    .observe({ type: 'paint', buffered: true });
</script>`;

describe('a page in a real browser', () => {
  let browser: Browser;
  let observer: Observer;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findBrowser(),
      args: [...browserArguments],
    });
  });
  beforeEach(async () => {
    observer = observe({ beacon: {} });
    const html = { 'content-type': 'text/html' };
    server = createServer(observer.node((_, response) => void response.writeHead(200, html).end(page)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await observer?.close();
  });

  /** How many values each vital has, by page. */
  const found = (): Record<string, number> =>
    Object.fromEntries(
      observer.registry
        .snapshot()
        .filter(({ name }) => /^web_(vitals|speed)/.test(name))
        .flatMap(({ name, series }) =>
          series.map((each) => [
            `${name} ${each.labels.join(' ')}`,
            'value' in each ? each.value : each.histogram.count,
          ]),
        ),
    );

  it('tells all vitals once when it is left, and how fast people found it', async () => {
    const context = await browser.newContext();
    const visit = await context.newPage();
    const complaints: string[] = [];
    visit.on('pageerror', (error) => complaints.push(error.message));
    await visit.goto(`${url}/food/17`);
    await visit.waitForFunction('"loadline" in globalThis');
    // What moves within half a second after a click is the click's doing, and no shift.
    await visit.evaluate(
      'new Promise((done) => new PerformanceObserver(done).observe({ type: "layout-shift", buffered: true }))',
    );
    await visit.click('button');
    await visit.evaluate('loadline.rate(5)');
    await visit.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))');
    await visit.goto('about:blank');
    const vitals = ['lcp', 'inp', 'fid', 'fcp', 'ttfb'].map((name) => [
      `web_vitals_${name}_seconds /food/:id`,
      1,
    ]);
    await expect.poll(found).toEqual({
      ...Object.fromEntries(vitals),
      'web_vitals_cls /food/:id': 1,
      'web_speed_ratings_total /food/:id 5': 1,
    });
    const inp = observer.registry.snapshot().find(({ name }) => name === 'web_vitals_inp_seconds');
    const [slow] = inp?.kind === 'histogram' ? inp.series : [];
    expect(slow?.histogram.max).toBeGreaterThan(100_000);
    const cls = observer.registry.snapshot().find(({ name }) => name === 'web_vitals_cls');
    const [moved] = cls?.kind === 'histogram' ? cls.series : [];
    expect(moved?.histogram.max).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
