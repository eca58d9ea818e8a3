import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { readTraceStore } from 'loadline/scaling/simulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFresh, sampleAt, startMs } from '../../store/opened-store.ts';

let server: StartedPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const stepMs = 15_000;
const fromMs = startMs - 30_000 - 40 * stepMs;

describe('a trace from the store', () => {
  it('is what a service was asked, added up over its instances', async () => {
    await using opened = await openFresh(server.url);
    const of = (instance: string) => ({ metric: 'requests', service: 'shop', instance, unit: 'per second' });
    const steps = Array.from({ length: 40 }, (_, step) => step);
    await opened.store.metrics.write(
      steps.flatMap((step) => [
        sampleAt(of('a'), fromMs + step * stepMs, 100 + step),
        sampleAt(of('b'), fromMs + step * stepMs, 50),
      ]),
    );
    const asked = { service: 'shop', metric: 'requests', fromMs, toMs: fromMs + 40 * stepMs, stepMs };
    const read = await readTraceStore(opened.store.metrics, asked);
    expect(read).toMatchObject({ ok: true, value: { name: 'shop requests', startMs: fromMs, stepMs } });
    if (read.ok) expect([...read.value.ratesPerSecond]).toEqual(steps.map((step) => 150 + step));
    expect(await readTraceStore(opened.store.metrics, { ...asked, service: 'none' })).toMatchObject({
      ok: false,
    });
  });
});
