import { type Clock, createVirtualClock } from 'loadline/base';
import { createHistogram, createRegistry, renderPrometheus } from 'loadline/metrics';
import { type ObservedRequest, observeHttp, observeProcess } from 'loadline/observe';
import { expect, it } from 'vitest';

async function render(registry: ReturnType<typeof createRegistry>): Promise<string> {
  let text = '';
  for await (const slice of renderPrometheus(registry)) text += slice;
  return text;
}

it('observeProcess() tells CPU, memory, and how busy the event loop is', async () => {
  const registry = createRegistry();
  observeProcess(registry, createVirtualClock())();
  const text = await render(registry);
  expect(text).toMatch(/^process_cpu_seconds_total \d+(\.\d+)?$/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  expect(text).toMatch(/^nodejs_heap_bytes\{state="used"\} \d{6,}$/m);
  expect(text).toMatch(/^nodejs_eventloop_active_seconds_total \d/m);
});

it('observeProcess() samples how late the event loop comes, until it is told to stop', async () => {
  const registry = createRegistry();
  const clock = createVirtualClock();
  const stop = observeProcess(registry, clock);
  await clock.advance(400);
  stop();
  await clock.advance(400);
  expect(await render(registry)).toContain('nodejs_eventloop_lag_seconds_count 4\n');
  expect(clock.pending).toBe(0);
});

it('observeProcess() wakes a process that is at rest once a second, and tells of as many moments all the same', async () => {
  const registry = createRegistry();
  const virtual = createVirtualClock();
  let wakes = 0;
  const clock: Clock = {
    ...virtual,
    setTimer: (callback, delayMs) => virtual.setTimer(() => [wakes++, callback()], delayMs),
  };
  let busyShare = 0.02;
  let activeMs = 0;
  const passSecond = async (): Promise<number> => {
    const before = wakes;
    activeMs += busyShare * 1000;
    await virtual.advance(1000);
    return wakes - before;
  };
  const stop = observeProcess(registry, clock, () => activeMs);
  expect([await passSecond(), await passSecond(), await passSecond()]).toEqual([10, 1, 1]);
  busyShare = 0.08;
  // What became busy is found out at the end of its first second.
  expect([await passSecond(), await passSecond()]).toEqual([1, 10]);
  busyShare = 0.02;
  expect([await passSecond(), await passSecond()]).toEqual([10, 1]);
  stop();
  expect(await render(registry)).toContain('nodejs_eventloop_lag_seconds_count 70\n');
});

it('observeProcess() gives every moment its weight while the event loop stands still', async () => {
  const registry = createRegistry();
  const virtual = createVirtualClock();
  let heldUpMs = 0;
  // What blocks the loop moves the clock, and lets no timer come meanwhile.
  const clock: Clock = { ...virtual, monotonicMs: () => virtual.monotonicMs() + heldUpMs };
  const stop = observeProcess(registry, clock);
  await virtual.advance(900);
  heldUpMs = 950;
  await virtual.advance(100);
  stop();
  const family = registry.snapshot().find(({ name }) => name === 'nodejs_eventloop_lag_seconds');
  const [series] = family?.series ?? [];
  const lag = series !== undefined && 'histogram' in series ? series.histogram : createHistogram();
  // Nine moments were on time; those of the standstill had to wait for 950, 850 … 50 ms.
  expect([lag.count, lag.max, lag.sum]).toEqual([19, 950_000, 5_000_000]);
  expect(lag.countAtOrBelow(0)).toBe(9);
});

it('observeHttp() counts requests by route and status, times them, and knows how many are in flight', async () => {
  const registry = createRegistry();
  const observer = observeHttp(registry);
  observer.begin();
  observer.begin();
  observer.end({ method: 'GET', route: '/api/food', status: 200, durationMs: 40 });
  const text = await render(registry);
  expect(text).toContain('http_requests_total{method="GET",route="/api/food",status="200"} 1\n');
  expect(text).toContain(
    'http_request_duration_seconds_bucket{method="GET",route="/api/food",status="200",le="0.05"} 1\n',
  );
  expect(text).toContain('http_requests_in_flight 1\n');
});

it('observeHttp() has counted all that was answered whenever somebody looks, and answered at once', () => {
  const registry = createRegistry();
  const observer = observeHttp(registry);
  const route = '/food/:id';
  const seen = (): unknown[] =>
    registry
      .snapshot()
      .flatMap(({ series }) =>
        series.map((each) => ('histogram' in each ? [each.histogram.count, each.histogram.sum] : each.value)),
      );
  for (const [nth, all] of [1, 64, 65, 1000].entries()) {
    while (observer.answered < all) {
      observer.begin();
      observer.end({ method: 'GET', route, status: 200, durationMs: 2 });
    }
    if (nth !== 1) expect(seen()).toEqual([all, [all, all * 2000], 0]);
  }
});

it('observeHttp() counts all others right beside an answer of which JavaScript tells what is no number', () => {
  const registry = createRegistry();
  const observer = observeHttp(registry);
  const end = (told: { status?: unknown; durationMs?: unknown }): void => {
    observer.begin();
    observer.end({ method: 'GET', route: '/', status: 200, durationMs: 1, ...told } as ObservedRequest);
  };
  end({ status: '404' });
  end({ status: undefined });
  // What cannot be a number is whoever told it to hear of, not whoever reads.
  for (const told of [{ status: Object.create(null) }, { status: Symbol('status') }, { durationMs: 1n }])
    expect(() => end(told)).toThrow(TypeError);
  end({});
  expect(observer.answered).toBe(3);
  const [total] = registry.snapshot().filter(({ name }) => name === 'http_requests_total');
  expect(total?.series.map(({ labels }) => labels)).toEqual([
    ['GET', '/', '404'],
    ['GET', '/', '0'],
    ['GET', '/', '200'],
  ]);
});
