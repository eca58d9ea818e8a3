import { getEventListeners } from 'node:events';
import { runInNewContext } from 'node:vm';
import { createRandom, createVirtualClock, LoadlineError, sleep } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import {
  createRetryBudget,
  type Deadline,
  observeProtections,
  type Protection,
  type ProtectionOptions,
  protect,
} from 'loadline/resilience';
import { describe, expect, it } from 'vitest';

/** A protection on a clock of the test's own. */
function createProtected(options: ProtectionOptions = {}) {
  const clock = createVirtualClock();
  return { clock, calls: protect({ clock, random: createRandom(7), ...options }) };
}

const fail = (): never => {
  throw new Error('planted');
};
const never = (): Promise<never> => new Promise(() => undefined);
const always = (): boolean => true;

/** A call that the other side refuses the first time. */
function failOnce(calls: Protection, error: Error): Promise<string> {
  let count = 0;
  return calls.run(() => {
    count++;
    if (count === 1) throw error;
    return 'done';
  });
}

/** What became of a promise by now. */
function watch(promise: Promise<unknown>): () => unknown {
  let state: unknown = 'waiting';
  promise.then(
    (value) => {
      state = value;
    },
    (error: Error & { code?: string }) => {
      state = error.code ?? error.message;
    },
  );
  return () => state;
}

describe('a time limit', () => {
  it('ends the wait, tells the work, and says how long it was', async () => {
    const { clock, calls } = createProtected({ timeLimitMs: 300 });
    let signal: AbortSignal | undefined;
    const call = calls.run((deadline) => {
      signal = deadline.signal;
      return never();
    });
    const outcome = watch(call);
    await clock.advance(299);
    expect([outcome(), signal?.aborted]).toEqual(['waiting', false]);
    await clock.advance(12);
    expect([outcome(), signal?.aborted]).toEqual(['RESILIENCE_TIME_LIMIT', true]);
    await expect(call).rejects.toMatchObject({ facts: { limitMs: 300 } });
    expect(clock.pending).toBe(0);
  });

  it('leaves alone what ends in time, whether it fails or not, and what is no promise', async () => {
    const { clock, calls } = createProtected({ timeLimitMs: 300 });
    expect(await calls.run(() => 5)).toBe(5);
    await expect(calls.run(fail)).rejects.toThrow('planted');
    const outcome = watch(calls.run(() => sleep(clock, 290).then(() => 'done')));
    await clock.advance(1000);
    expect([outcome(), clock.pending]).toEqual(['done', 0]);
  });

  it('holds for promises that are not of our kind, too', async () => {
    const { clock, calls } = createProtected({ timeLimitMs: 100, bulkhead: { concurrencyMax: 1 } });
    const foreign = runInNewContext('new Promise(() => undefined)') as Promise<never>;
    const outcome = watch(calls.run(() => foreign));
    await clock.advance(0);
    expect(calls.usage.inFlight).toBe(1);
    await clock.advance(200);
    expect(outcome()).toBe('RESILIENCE_TIME_LIMIT');
  });

  it('shows the signal as aborted also to work that asks late', async () => {
    const { clock, calls } = createProtected({ timeLimitMs: 100 });
    let kept: Deadline | undefined;
    const outcome = watch(
      calls.run((deadline) => {
        kept = deadline;
        return never();
      }),
    );
    await clock.advance(200);
    expect([outcome(), kept?.signal.aborted, kept?.remainingMs()]).toEqual([
      'RESILIENCE_TIME_LIMIT',
      true,
      0,
    ]);
  });
});

describe('a budget of time', () => {
  it('is handed down, and the shorter of two holds', async () => {
    const { clock, calls: outer } = createProtected({ budgetMs: 1000 });
    const inner = protect({ clock, budgetMs: 600 });
    const left: number[] = [];
    const outcome = watch(
      outer.run(async (outerDeadline) => {
        left.push(outerDeadline.remainingMs());
        await sleep(clock, 500);
        return inner.run(
          (innerDeadline) => {
            left.push(innerDeadline.remainingMs());
            return never();
          },
          { within: outerDeadline },
        );
      }),
    );
    await clock.advance(499);
    await clock.advance(1);
    expect(left).toEqual([1000, 500]);
    await clock.advance(520);
    expect(outcome()).toBe('RESILIENCE_DEADLINE');
  });

  it('that is over already begins nothing', async () => {
    const { calls } = createProtected({ timeLimitMs: 100 });
    let begun = 0;
    const within: Deadline = { signal: new AbortController().signal, remainingMs: () => 0 };
    await expect(calls.run(() => begun++, { within })).rejects.toMatchObject({ code: 'RESILIENCE_DEADLINE' });
    expect(begun).toBe(0);
  });

  it('allows no repetition that could not begin in time', async () => {
    const { clock, calls } = createProtected({
      budgetMs: 400,
      retry: { isSafe: always, delayMs: 1000, delayMsMax: 1000 },
      random: () => 0.9,
    });
    let attempts = 0;
    const outcome = watch(
      calls.run(() => {
        attempts++;
        return fail();
      }),
    );
    await clock.advance(10);
    expect([outcome(), attempts, clock.pending]).toEqual(['planted', 1, 0]);
  });
});

describe('a caller that goes away', () => {
  it('ends the call with its own reason, and counts as nobody’s failure', async () => {
    const { clock, calls } = createProtected({ breaker: { callsMin: 1 }, timeLimitMs: 1000 });
    const caller = new AbortController();
    let signal: AbortSignal | undefined;
    const outcome = watch(
      calls.run(
        (deadline) => {
          signal = deadline.signal;
          return never();
        },
        { signal: caller.signal, fallback: () => 'not asked' as never },
      ),
    );
    await clock.advance(10);
    caller.abort(new Error('the client went away'));
    await clock.advance(10);
    expect([outcome(), signal?.aborted, calls.circuit]).toEqual(['the client went away', true, 'closed']);
    expect(calls.usage.failed).toBe(0);
  });

  it('may do so in two ways, and leaves nothing behind on either', async () => {
    const { clock, calls } = createProtected();
    const [outer, own] = [new AbortController(), new AbortController()];
    const within: Deadline = { signal: outer.signal, remainingMs: () => Number.POSITIVE_INFINITY };
    await calls.run(() => 1, { within, signal: own.signal });
    const listeners = [outer, own].map(({ signal }) => getEventListeners(signal, 'abort').length);
    expect(listeners).toEqual([0, 0]);
    const outcome = watch(calls.run(never, { within, signal: own.signal }));
    own.abort(new Error('own'));
    await clock.advance(0);
    expect(outcome()).toBe('own');
  });

  it('before the call begins nothing', async () => {
    const { calls } = createProtected({ bulkhead: { concurrencyMax: 1 } });
    let begun = 0;
    const options = { signal: AbortSignal.abort(new Error('gone')) };
    await expect(calls.run(() => begun++, options)).rejects.toThrow('gone');
    expect([begun, calls.usage.inFlight]).toEqual([0, 0]);
  });
});

describe('a bulkhead', () => {
  it('lets so many work, so many wait in their order, and refuses the rest at once', async () => {
    const { clock, calls } = createProtected({ bulkhead: { concurrencyMax: 2, queueMax: 2 } });
    const order: number[] = [];
    const work = (index: number) => () => {
      order.push(index);
      return sleep(clock, 100).then(() => index);
    };
    const outcomes = [0, 1, 2, 3, 4].map((index) => watch(calls.run(work(index))));
    await clock.advance(0);
    expect(order).toEqual([0, 1]);
    expect(outcomes.map((outcome) => outcome())).toEqual([
      'waiting',
      'waiting',
      'waiting',
      'waiting',
      'RESILIENCE_BULKHEAD_FULL',
    ]);
    expect(calls.usage).toMatchObject({ inFlight: 2, waiting: 2, refused: 1 });
    await clock.advance(200);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(outcomes.slice(0, 4).map((outcome) => outcome())).toEqual([0, 1, 2, 3]);
    expect(calls.usage).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  it('lets nobody wait longer than the limit of the wait, nor than the time of the call', async () => {
    const bulkhead = { concurrencyMax: 1, queueMax: 5, queueTimeoutMs: 200 };
    const { clock, calls } = createProtected({ bulkhead });
    void calls.run(never);
    const patient = watch(calls.run(never));
    const within = { signal: new AbortController().signal, remainingMs: () => 50 };
    const hurried = watch(calls.run(never, { within }));
    await clock.advance(70);
    expect([patient(), hurried()]).toEqual(['waiting', 'RESILIENCE_QUEUE_TIMEOUT']);
    await clock.advance(150);
    expect([patient(), calls.usage.waiting]).toEqual(['RESILIENCE_QUEUE_TIMEOUT', 0]);
  });

  it('keeps a place for work that ignores its time limit, for it still loads the other side', async () => {
    const { clock, calls } = createProtected({ timeLimitMs: 100, bulkhead: { concurrencyMax: 1 } });
    const stubborn = Promise.withResolvers<void>();
    const outcome = watch(calls.run(() => stubborn.promise));
    await clock.advance(120);
    expect(outcome()).toBe('RESILIENCE_TIME_LIMIT');
    await expect(calls.run(() => 1)).rejects.toMatchObject({ code: 'RESILIENCE_BULKHEAD_FULL' });
    stubborn.resolve();
    await clock.advance(0);
    expect(await calls.run(() => 1)).toBe(1);
  });

  it('gives no place to one that went away while it waited', async () => {
    const { clock, calls } = createProtected({ bulkhead: { concurrencyMax: 1, queueMax: 5 } });
    const first = Promise.withResolvers<void>();
    void calls.run(() => first.promise);
    const caller = new AbortController();
    const gone = watch(calls.run(never, { signal: caller.signal }));
    const next = watch(calls.run(() => 'next'));
    caller.abort(new Error('gone'));
    first.resolve();
    await clock.advance(0);
    expect([gone(), next()]).toEqual(['gone', 'next']);
  });
});

describe('a circuit breaker', () => {
  const breaker = { callsMin: 10, failureRatio: 0.5, openMs: 1000, probesNeeded: 2 };

  async function trip(calls: ReturnType<typeof protect>): Promise<void> {
    for (let call = 0; call < 10; call++) await calls.run(fail).catch(() => undefined);
  }

  it('opens when half of at least ten calls failed, and then refuses at once', async () => {
    const changes: unknown[] = [];
    const { calls } = createProtected({ breaker, onCircuitChange: (change) => changes.push(change) });
    for (let call = 0; call < 5; call++) await calls.run(() => 'fine');
    for (let call = 0; call < 4; call++) await calls.run(fail).catch(() => undefined);
    expect(calls.circuit).toBe('closed');
    await calls.run(fail).catch(() => undefined);
    expect(calls.circuit).toBe('open');
    expect(changes).toEqual([{ from: 'closed', to: 'open', reason: '5 of 10 calls within 10 s failed' }]);
    await expect(calls.run(() => 'fine')).rejects.toMatchObject({
      code: 'RESILIENCE_CIRCUIT_OPEN',
      facts: { retryAfterMs: expect.any(Number) },
    });
  });

  it('opens for a server that hangs before any call has ended', async () => {
    const { clock, calls } = createProtected({ timeLimitMs: 30_000, breaker: { ...breaker, slowMs: 400 } });
    for (let call = 0; call < 10; call++) void calls.run(never).catch(() => undefined);
    await clock.advance(399);
    expect(calls.circuit).toBe('closed');
    await clock.advance(21);
    expect(calls.circuit).toBe('open');
  });

  it('tries one call at a time when its time is over, and closes after two that are well', async () => {
    const { clock, calls } = createProtected({ breaker });
    await trip(calls);
    await clock.advance(1200);
    const probe = Promise.withResolvers<string>();
    const outcome = watch(calls.run(() => probe.promise));
    await expect(calls.run(() => 'others')).rejects.toMatchObject({ code: 'RESILIENCE_CIRCUIT_OPEN' });
    probe.resolve('probed');
    await clock.advance(0);
    expect([outcome(), calls.circuit]).toEqual(['probed', 'half-open']);
    await calls.run(() => 'second probe');
    expect(calls.circuit).toBe('closed');
  });

  it('stays open twice as long after each probe that fails, up to its limit', async () => {
    const { clock, calls } = createProtected({ breaker: { ...breaker, openMsMax: 3000 }, random: () => 0.5 });
    await trip(calls);
    for (const openMs of [1000, 2000, 3000, 3000]) {
      await clock.advance(openMs - 1);
      await expect(calls.run(fail)).rejects.toMatchObject({ code: 'RESILIENCE_CIRCUIT_OPEN' });
      await clock.advance(1);
      await expect(calls.run(fail)).rejects.toThrow('planted');
    }
  });

  it('takes a slow probe for a bad one', async () => {
    const { clock, calls } = createProtected({ breaker: { ...breaker, slowMs: 100 } });
    await trip(calls);
    await clock.advance(1200);
    const outcome = watch(calls.run(() => sleep(clock, 300).then(() => 'late')));
    await clock.advance(300);
    expect([outcome(), calls.circuit]).toEqual(['late', 'open']);
  });

  it('waits for no probe that hangs: slow as it is it is a bad one, and a next one is made in time', async () => {
    const { clock, calls } = createProtected({ breaker: { ...breaker, slowMs: 100, probesNeeded: 1 } });
    await trip(calls);
    await clock.advance(1200);
    watch(calls.run(never));
    await clock.advance(120);
    expect(calls.circuit).toBe('open');
    await clock.advance(2400);
    expect(await calls.run(() => 'well again')).toBe('well again');
    expect(calls.circuit).toBe('closed');
  });

  it('gives up a probe that hangs where nothing limits it, after the longest time that it stays open', async () => {
    const { clock, calls } = createProtected({ breaker: { ...breaker, openMsMax: 5000, probesNeeded: 1 } });
    await trip(calls);
    await clock.advance(1200);
    watch(calls.run(never));
    await clock.advance(4990);
    await expect(calls.run(() => 'early')).rejects.toMatchObject({ code: 'RESILIENCE_CIRCUIT_OPEN' });
    expect(calls.circuit).toBe('half-open');
    await clock.advance(10);
    await expect(calls.run(() => 'early')).rejects.toMatchObject({ code: 'RESILIENCE_CIRCUIT_OPEN' });
    expect(calls.circuit).toBe('open');
    await clock.advance(2400);
    expect(await calls.run(() => 'well again')).toBe('well again');
  });

  it('does not take the end of a call from before it opened for a probe', async () => {
    const { clock, calls } = createProtected({ breaker: { ...breaker, probesNeeded: 1 } });
    const old = Promise.withResolvers<string>();
    const early = watch(calls.run(() => old.promise));
    await trip(calls);
    old.resolve('early');
    await clock.advance(0);
    expect([early(), calls.circuit]).toEqual(['early', 'open']);
  });

  it('gives a probe back that was not made', async () => {
    const { clock, calls } = createProtected({ breaker, bulkhead: { concurrencyMax: 1 } });
    const stuck = Promise.withResolvers<void>();
    await trip(calls);
    await clock.advance(1200);
    const caller = new AbortController();
    const gone = watch(calls.run(() => stuck.promise, { signal: caller.signal }));
    caller.abort(new Error('gone'));
    await clock.advance(0);
    expect(gone()).toBe('gone');
    await expect(calls.run(() => 1)).rejects.toMatchObject({ code: 'RESILIENCE_BULKHEAD_FULL' });
    stuck.resolve();
    await clock.advance(0);
    expect(await calls.run(() => 1)).toBe(1);
  });

  it('heeds only errors that are the other side’s trouble', async () => {
    const { calls } = createProtected({
      breaker,
      isFailure: (error) => (error as Error).message !== 'planted',
    });
    await trip(calls);
    expect(calls.circuit).toBe('closed');
  });
});

describe('repetitions', () => {
  it('are made of what is safe, further and further apart, until one is well', async () => {
    const { clock, calls } = createProtected({
      retry: { isSafe: always, attemptsMax: 4, delayMs: 100, delayMsMax: 300 },
      random: () => 1,
    });
    const atMs: number[] = [];
    const outcome = watch(
      calls.run(() => {
        atMs.push(clock.monotonicMs());
        return atMs.length < 4 ? fail() : 'done';
      }),
    );
    await clock.advance(1000);
    expect([outcome(), atMs]).toEqual(['done', [0, 100, 300, 600]]);
    expect(calls.usage).toMatchObject({ calls: 1, failed: 3, retries: 3 });
  });

  it('are not made of what is not safe, nor of what we refuse ourselves', async () => {
    let attempts = 0;
    const count = (): never => {
      attempts++;
      return fail();
    };
    const unsafe = createProtected({ retry: { isSafe: () => false } });
    await expect(unsafe.calls.run(count)).rejects.toThrow('planted');
    expect(attempts).toBe(1);
    const full = createProtected({ retry: { isSafe: always }, bulkhead: { concurrencyMax: 1 } });
    void full.calls.run(never);
    await expect(full.calls.run(count)).rejects.toMatchObject({ code: 'RESILIENCE_BULKHEAD_FULL' });
    expect([attempts, full.clock.pending]).toEqual([1, 0]);
  });

  it('refuses a budget that would be none', () => {
    for (const [limits, found] of [
      [{ ratio: Number.NaN }, 'ratio must be a number'],
      [{ perSecond: Number.POSITIVE_INFINITY }, 'perSecond must be a number'],
      [{ ratio: -1 }, 'ratio must be a number at least 0'],
    ] as const)
      expect(() => createRetryBudget(limits)).toThrow(found);
  });

  it('stay within their budget when everything fails', async () => {
    const budget = createRetryBudget({ ratio: 0.1, perSecond: 0 });
    const { clock, calls } = createProtected({ retry: { isSafe: always, delayMs: 0, budget } });
    let attempts = 0;
    const all = Array.from({ length: 1000 }, () =>
      calls
        .run(() => {
          attempts++;
          return fail();
        })
        .catch(() => undefined),
    );
    await clock.runUntilIdle();
    await Promise.all(all);
    // Ten were saved up, and one in ten calls brings one more.
    expect(attempts).toBeGreaterThanOrEqual(1010);
    expect(attempts).toBeLessThanOrEqual(1110);
    expect(calls.usage.retriesDenied).toBeGreaterThan(800);
  });

  it('are not made before the time for which the other side asked to be left alone', async () => {
    const { clock, calls } = createProtected({ retry: { isSafe: always, delayMs: 10 }, random: () => 0.5 });
    const atMs: number[] = [];
    const busy = new LoadlineError('SHOP_BUSY', 'Come back later.', { facts: { retryAfterMs: 700 } });
    const outcome = watch(
      calls.run(() => {
        atMs.push(clock.monotonicMs());
        if (atMs.length === 1) throw busy;
        return 'done';
      }),
    );
    await clock.advance(1000);
    expect([outcome(), atMs]).toEqual(['done', [0, 705]]);
  });

  it('are not waited for where the other side asks for longer than half a minute, whatever time the call has', async () => {
    const { clock, calls } = createProtected({ retry: { isSafe: always, delayMs: 10 }, random: () => 0.5 });
    const longest = new LoadlineError('SHOP_BUSY', 'Come back later.', { facts: { retryAfterMs: 30_000 } });
    const waited = watch(failOnce(calls, longest));
    await clock.advance(30_005);
    expect(waited()).toBe('done');
    const closed = new LoadlineError('SHOP_CLOSED', 'Come back later.', { facts: { retryAfterMs: 30_001 } });
    const refused = watch(failOnce(calls, closed));
    await clock.advance(0);
    expect([refused(), clock.pending, calls.usage.retries]).toEqual(['SHOP_CLOSED', 0, 1]);
  });

  it('are waited for as long as the caller says', async () => {
    const retry = { isSafe: always, delayMs: 0, retryAfterMsMax: 500 };
    const { clock, calls } = createProtected({ retry });
    const busy = (retryAfterMs: number) =>
      new LoadlineError('SHOP_BUSY', 'Come back later.', { facts: { retryAfterMs } });
    const [waited, refused] = [watch(failOnce(calls, busy(500))), watch(failOnce(calls, busy(501)))];
    await clock.advance(500);
    expect([waited(), refused()]).toEqual(['done', 'SHOP_BUSY']);
  });
});

describe('a fallback', () => {
  it('stands for whatever went wrong, and may fail itself', async () => {
    const { calls } = createProtected({ breaker: { callsMin: 1 } });
    expect(await calls.run(fail, { fallback: () => 'stand-in' as never })).toBe('stand-in');
    const codes: unknown[] = [];
    const fallback = (error: unknown): never => {
      codes.push((error as { code: string }).code);
      throw new Error('nor this');
    };
    await expect(calls.run(() => 'fine' as never, { fallback })).rejects.toThrow('nor this');
    expect([codes, calls.usage.fallbacks]).toEqual([['RESILIENCE_CIRCUIT_OPEN'], 2]);
  });
});

describe('protect()', () => {
  it('refuses options that cannot work, with every problem', () => {
    const options = {
      timeLimitMs: 0,
      bulkhead: { concurrencyMax: 1.5 },
      retry: { attemptsMax: 0 },
      breaker: { failureRatio: 2 },
      braker: {},
    };
    expect(() => protect(options as unknown as ProtectionOptions)).toThrow(
      expect.objectContaining({
        code: 'RESILIENCE_OPTIONS_INVALID',
        message: expect.stringMatching(
          /braker.*timeLimitMs.*failureRatio.*concurrencyMax.*retry\.isSafe.*retry\.attemptsMax/,
        ),
      }),
    );
  });

  it('is seen in the metrics, by the name of what is called', async () => {
    const registry = createRegistry();
    const { calls } = createProtected({ breaker: { callsMin: 1 } });
    observeProtections(registry, { rates: calls });
    await calls.run(fail).catch(() => undefined);
    await calls.run(fail).catch(() => undefined);
    const values = Object.fromEntries(
      registry
        .snapshot()
        .map(({ name, series }) => [name, series.map((each) => ('value' in each ? each.value : 0))]),
    );
    expect(values).toMatchObject({
      protected_calls_total: [2],
      protected_calls_failed_total: [1],
      protected_calls_refused_total: [1],
      protected_circuit_open: [1],
    });
  });
});
