import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, runLoad } from 'loadline/load';
import { findLimit } from 'loadline/load/limit';
import { describe, expect, it } from 'vitest';
import { threshold } from '../../cli/reports.ts';
import { planWith } from '../../simulation/simulate.ts';

/** Four slots of 100 ms, by sleeping: 40 a second, however quick the machine is. */
async function startSlots(): Promise<AsyncDisposable & { readonly target: string }> {
  const freeMs = [0, 0, 0, 0];
  const server = createServer((_, response) => {
    const nowMs = performance.now();
    const first = freeMs.indexOf(Math.min(...freeMs));
    const endMs = Math.max(nowMs, freeMs[first] as number) + 100;
    freeMs[first] = endMs;
    setTimeout(() => response.end('{"ok":true}'), endMs - nowMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('findLimit() of a real server', { retry: 2, timeout: 120_000 }, () => {
  it('finds a capacity that is known by design', async () => {
    await using server = await startSlots();
    const plan = planWith({
      target: server.target,
      thresholds: [threshold('latency', 'p99 < 500ms')],
      limits: { requestTimeoutMs: 2000, usersMax: 500, gracefulStopMs: 3000 },
    });
    const report = await findLimit(plan, {
      asked: { fromRate: 10, toRate: 160, probeMs: 2000, precision: 0.2, confirmRuns: 1, runsMax: 20 },
      run: (variant) =>
        runLoad(variant, {
          transport: createHttp1Transport({
            target: new URL(server.target),
            address: '127.0.0.1',
            clock: systemClock,
          }),
          // The capacity is slow by design, so that a busy machine need not invalidate a run.
          watch: () => ({ samples: [], late: () => undefined, stop: () => undefined }),
        }),
    });
    expect(report.status).toBe('found');
    // In two seconds, a target that is behind by an eighth keeps its p99 under 500 ms.
    expect(report.limit?.ratePerSecond).toBeGreaterThan(40 * 0.8);
    expect(report.limit?.ratePerSecond).toBeLessThan(40 * 1.25);
    expect(report.confirmed?.ratePerSecond).toBeLessThan(40 * 1.2);
  });
});
