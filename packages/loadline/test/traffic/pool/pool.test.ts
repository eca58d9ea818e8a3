import { createVirtualClock, sleep, type VirtualClock } from 'loadline/base';
import {
  createSimulatedProxy,
  openPool,
  type Pool,
  type PoolOptions,
  type ProxyDriver,
  type SimulatedProxy,
  trafficError,
  type Upstream,
} from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly pool: Pool;
  readonly edge: SimulatedProxy;
  readonly inner: SimulatedProxy;
}

/** A pool with two proxies: one says after a second that an upstream is up, the other after three. */
function start(options: Partial<PoolOptions> = {}): Stage {
  const clock = createVirtualClock();
  const edge = createSimulatedProxy({ clock, name: 'edge', checkMs: 1000 });
  const inner = createSimulatedProxy({ clock, name: 'inner', checkMs: 3000 });
  const pool = openPool({ clock, drivers: [edge, inner], callTimeoutMs: 2000, ...options });
  return { clock, pool, edge, inner, [Symbol.asyncDispose]: () => pool.close() };
}

function upstream(id: string, further: Partial<Upstream> = {}): Upstream {
  return { id, host: '10.0.0.1', port: 8000 + id.charCodeAt(0), ...further };
}

/** What became of a promise so far. */
function watch<Value>(promise: Promise<Value>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'waiting' };
  promise.then(
    (value) => {
      watched.outcome = value ?? 'done';
    },
    (error: unknown) => {
      watched.outcome = error;
    },
  );
  return watched;
}

async function joined(stage: Stage, ...ids: readonly string[]): Promise<void> {
  const joins = Promise.all(ids.map((id) => stage.pool.join(upstream(id))));
  await stage.clock.advance(4000);
  await joins;
}

it('is not opened without a proxy: who joined would wait for a look that nobody takes', () => {
  const clock = createVirtualClock();
  expect(() => openPool({ clock, drivers: [] })).toThrowError(
    expect.objectContaining({
      code: 'TRAFFIC_OPTIONS_INVALID',
      message: 'Cannot open a pool: drivers must be a list of at least one proxy, got a list of 0.',
    }),
  );
  expect(clock.pending).toBe(0);
});

it('refuses options that it does not know, and asks whether another was meant', () => {
  const clock = createVirtualClock();
  const misspelt = { clock, drivers: [], awayMS: 100, strangers: { keepMS: 0 } } as PoolOptions;
  expect(() => openPool(misspelt)).toThrowError(
    expect.objectContaining({
      code: 'TRAFFIC_OPTIONS_INVALID',
      message:
        'Cannot open a pool: awayMS is not known; did you mean awayMs?; drivers must be a list of at least one proxy, got a list of 0; strangers.keepMS is not known; did you mean keepMs?',
    }),
  );
});

it('refuses times that are none: it would look without end, or never again', () => {
  const clock = createVirtualClock();
  const drivers = [createSimulatedProxy({ clock })];
  const options = { intervalMs: 0, settleMs: Number.NaN, awayMs: -1, strangers: { graceMs: '1s' } };
  expect(() => openPool({ clock, drivers, ...options } as unknown as PoolOptions)).toThrowError(
    /intervalMs must be .*; settleMs must be .*; awayMs must be .*; strangers\.graceMs must be/,
  );
  expect(clock.pending).toBe(0);
});

describe('join()', () => {
  it('resolves when every proxy sends requests there', async () => {
    await using stage = start();
    const join = watch(stage.pool.join(upstream('a')));
    await stage.clock.advance(2900);
    expect(stage.edge.serving).toEqual(['a']);
    expect(join.outcome).toBe('waiting');
    expect(stage.pool.status().upstreams).toMatchObject([
      { mode: 'serving', isUp: false, because: ['at inner it has not passed its checks yet'] },
    ]);
    await stage.clock.advance(300);
    expect(join.outcome).toBe('done');
    expect(stage.pool.status().upstreams).toMatchObject([{ isUp: true, because: [] }]);
  });

  it('tells several that come together in one list', async () => {
    await using stage = start({ batchMs: 50 });
    await stage.clock.advance(1000);
    const before = stage.pool.status().proxies[0]?.counts.applied ?? 0;
    const joins = Promise.all(['a', 'b', 'c'].map((id) => stage.pool.join(upstream(id))));
    await stage.clock.advance(4000);
    await joins;
    expect(stage.pool.status().proxies[0]?.counts.applied).toBe(before + 1);
  });

  it('gives another weight to one that is there', async () => {
    await using stage = start();
    await joined(stage, 'a');
    const join = watch(stage.pool.join(upstream('a', { weight: 7 })));
    await stage.clock.advance(200);
    expect(join.outcome).toBe('done');
    expect(stage.edge.weights.get('a')).toBe(7);
  });

  it('is not over with another weight before every proxy has taken that up', async () => {
    await using stage = start();
    await joined(stage, 'a');
    for (let call = 0; call < 3; call++) stage.inner.breakNext('apply', 'throw');
    const join = watch(stage.pool.join(upstream('a', { weight: 7 })));
    await stage.clock.advance(1000);
    expect([stage.inner.weights.get('a'), join.outcome]).toEqual([1, 'waiting']);
    await stage.clock.advance(1000);
    expect([stage.inner.weights.get('a'), join.outcome]).toEqual([7, 'done']);
  });

  it('waits for the new address of one that comes again elsewhere', async () => {
    await using stage = start();
    await joined(stage, 'a');
    const join = watch(stage.pool.join(upstream('a', { port: 9999 })));
    await stage.clock.advance(500);
    expect(join.outcome).toBe('waiting');
    await stage.clock.advance(3000);
    expect(join.outcome).toBe('done');
    expect(stage.pool.status().proxies[1]?.seen).toMatchObject([{ id: 'a', port: 9999, status: 'up' }]);
  });

  it('takes in two thousand at once', async () => {
    await using stage = start();
    const ids = Array.from({ length: 2000 }, (_, index) => `i${index}`);
    await joined(stage, ...ids);
    expect(stage.inner.serving).toHaveLength(2000);
  });

  it('ends with the signal, and leaves the upstream in the pool', async () => {
    await using stage = start();
    const giveUp = new AbortController();
    const join = watch(stage.pool.join(upstream('a'), giveUp.signal));
    await stage.clock.advance(500);
    giveUp.abort(new Error('too slow'));
    await stage.clock.advance(6000);
    expect(join.outcome).toMatchObject({ message: 'too slow' });
    expect(stage.pool.status().upstreams).toMatchObject([{ isUp: true }]);
  });

  it('refuses a name or an address that no proxy could be told', async () => {
    await using stage = start();
    const bad = { id: 'a; shutdown', host: 'x y', port: 0 };
    await expect(stage.pool.join(bad)).rejects.toMatchObject({
      code: 'TRAFFIC_UPSTREAM_INVALID',
      facts: { problems: [expect.anything(), expect.anything(), expect.anything()] },
    });
  });
});

describe('leave()', () => {
  it('lets it end what it has, and then takes it out of every proxy', async () => {
    await using stage = start();
    await joined(stage, 'a', 'b');
    stage.edge.occupy('a', 2);
    const leave = watch(stage.pool.leave('a', { graceMs: 60_000 }));
    await stage.clock.advance(1000);
    expect(stage.edge.serving).toEqual(['b']);
    expect(leave.outcome).toBe('waiting');
    stage.edge.occupy('a', 0);
    await stage.clock.advance(300);
    expect(leave.outcome).toEqual({ kind: 'drained' });
    expect([...stage.edge.weights.keys()]).toEqual(['b']);
    expect([...stage.inner.weights.keys()]).toEqual(['b']);
  });

  it('takes it out when its grace is over, and says what was in flight', async () => {
    await using stage = start();
    await joined(stage, 'a', 'b');
    stage.edge.occupy('a', 2);
    stage.inner.occupy('a', 1);
    const leave = watch(stage.pool.leave('a', { graceMs: 5000 }));
    await stage.clock.advance(4900);
    expect(leave.outcome).toBe('waiting');
    expect([...stage.edge.weights.keys()]).toEqual(['a', 'b']);
    await stage.clock.advance(300);
    expect(leave.outcome).toEqual({ kind: 'overdue', inFlight: 3 });
    expect([...stage.edge.weights.keys()]).toEqual(['b']);
  });

  it('waits for a proxy that is away only until it is known to be, and then until the others are done with it', async () => {
    await using stage = start();
    await joined(stage, 'a', 'b');
    stage.edge.occupy('a', 1);
    for (let call = 0; call < 100; call++) stage.inner.breakNext('observe', 'throw');
    const leave = watch(stage.pool.leave('a', { graceMs: 60_000 }));
    await stage.clock.advance(9000);
    expect(leave.outcome).toBe('waiting');
    stage.edge.occupy('a', 0);
    await stage.clock.advance(300);
    expect(leave.outcome).toEqual({ kind: 'unverified', because: 'inner gave no answer for 5 s' });
  });

  it.each(['throw', 'hang'] as const)(
    'knows soon of the only proxy that it is away, also where that (%s) comes in the middle of a leave',
    async (fault) => {
      const clock = createVirtualClock();
      const edge = createSimulatedProxy({ clock, name: 'edge' });
      await using pool = openPool({ clock, drivers: [edge] });
      const join = pool.join(upstream('a'));
      await clock.advance(2000);
      await join;
      edge.occupy('a', 1);
      const leave = watch(pool.leave('a', { graceMs: 600_000 }));
      await clock.advance(3000);
      for (let call = 0; call < 200; call++) edge.breakNext('observe', fault);
      await clock.advance(4900);
      expect(leave.outcome).toBe('waiting');
      await clock.advance(1600);
      expect(leave.outcome).toEqual({ kind: 'unverified', because: 'edge gave no answer for 5 s' });
    },
  );

  it('is not over at once where a proxy only starts again', async () => {
    await using stage = start();
    await joined(stage, 'a', 'b');
    stage.inner.occupy('a', 1);
    for (let call = 0; call < 4; call++) stage.inner.breakNext('observe', 'throw');
    const leave = watch(stage.pool.leave('a', { graceMs: 60_000 }));
    await stage.clock.advance(20_000);
    expect(leave.outcome).toBe('waiting');
    stage.inner.occupy('a', 0);
    await stage.clock.advance(300);
    expect(leave.outcome).toEqual({ kind: 'drained' });
  });

  it('knows a proxy that hangs by that, and drains it when it is back, also where nobody waits any more', async () => {
    await using stage = start();
    await joined(stage, 'a', 'b');
    stage.inner.occupy('a', 1);
    for (const fault of ['hang', 'hang', 'throw', 'throw', 'throw'] as const)
      stage.inner.breakNext('observe', fault);
    const leave = watch(stage.pool.leave('a', { graceMs: 60_000 }));
    await stage.clock.advance(4900);
    expect(leave.outcome).toBe('waiting');
    await stage.clock.advance(200);
    expect(leave.outcome).toMatchObject({ kind: 'unverified' });
    await stage.clock.advance(20_000);
    expect([stage.inner.serving, [...stage.inner.weights.keys()]]).toEqual([['b'], ['a', 'b']]);
    stage.inner.occupy('a', 0);
    await stage.clock.advance(300);
    expect([...stage.inner.weights.keys()]).toEqual(['b']);
  });

  it('does not know what is in flight at a proxy that does not answer, and waits no longer than the grace', async () => {
    await using stage = start({ awayMs: 60_000 });
    await joined(stage, 'a', 'b');
    for (let call = 0; call < 10; call++) stage.inner.breakNext('observe', 'hang');
    const leave = watch(stage.pool.leave('a', { graceMs: 5000 }));
    await stage.clock.advance(5100);
    expect(leave.outcome).toEqual({ kind: 'overdue', inFlight: undefined });
    expect([...stage.edge.weights.keys()]).toEqual(['b']);
  });

  it('has nothing to do for one that nobody knows', async () => {
    await using stage = start();
    await stage.clock.advance(100);
    expect(await stage.pool.leave('nobody', { graceMs: 1000 })).toEqual({ kind: 'drained' });
  });

  it('drains one that only a proxy knows', async () => {
    await using stage = start();
    await stage.edge.apply([{ ...upstream('old'), mode: 'serving' }], new AbortController().signal);
    await stage.clock.advance(6000);
    stage.edge.occupy('old', 1);
    const leave = watch(stage.pool.leave('old', { graceMs: 60_000 }));
    await stage.clock.advance(1000);
    expect([leave.outcome, stage.edge.serving]).toEqual(['waiting', []]);
    stage.edge.occupy('old', 0);
    await stage.clock.advance(300);
    expect(leave.outcome).toEqual({ kind: 'drained' });
  });

  it('is not fooled by what was seen before it was asked for', async () => {
    const clock = createVirtualClock();
    const proxy = createSimulatedProxy({ clock, checkMs: 0 });
    const slow: ProxyDriver = {
      ...proxy,
      async apply(wanted, signal) {
        await sleep(clock, 1000);
        await proxy.apply(wanted, signal);
      },
    };
    await using pool = openPool({ clock, drivers: [slow, createSimulatedProxy({ clock })] });
    const join = watch(pool.join(upstream('a')));
    await clock.advance(500);
    // It was last seen not to be there; but it is about to be put there.
    const leave = watch(pool.leave('a', { graceMs: 60_000 }));
    await clock.advance(400);
    expect(join.outcome).toMatchObject({ code: 'TRAFFIC_SUPERSEDED' });
    expect(leave.outcome).toBe('waiting');
    await clock.advance(200);
    proxy.occupy('a', 1);
    await clock.advance(10_000);
    expect([proxy.serving, leave.outcome]).toEqual([[], 'waiting']);
    proxy.occupy('a', 0);
    await clock.advance(200);
    expect(leave.outcome).toEqual({ kind: 'drained' });
  });

  it('is over when somebody has the upstream join again', async () => {
    await using stage = start();
    await joined(stage, 'a');
    stage.edge.occupy('a', 1);
    const leave = watch(stage.pool.leave('a', { graceMs: 5000 }));
    await stage.clock.advance(1000);
    const join = watch(stage.pool.join(upstream('a')));
    await stage.clock.advance(10_000);
    expect(leave.outcome).toMatchObject({ code: 'TRAFFIC_SUPERSEDED' });
    expect(join.outcome).toBe('done');
    expect(stage.edge.serving).toEqual(['a']);
  });
});

describe('a proxy that misbehaves', () => {
  it.each(['throw', 'half', 'lie', 'hang', 'late'] as const)(
    'that does %s gets there with the next rounds',
    async (fault) => {
      await using stage = start();
      await stage.clock.advance(100);
      stage.edge.breakNext('apply', fault);
      stage.edge.breakNext('apply', fault);
      const joins = watch(Promise.all(['a', 'b', 'c', 'd'].map((id) => stage.pool.join(upstream(id)))));
      await stage.clock.advance(20_000);
      expect(joins.outcome).toHaveLength(4);
      expect(stage.edge.serving).toEqual(['a', 'b', 'c', 'd']);
      expect(stage.pool.status().proxies[0]?.trouble).toBeUndefined();
    },
  );

  it('that failed halfway is told again, also what it was told before', async () => {
    await using stage = start();
    await joined(stage, 'a');
    stage.edge.breakNext('apply', 'half');
    stage.pool.join(upstream('a', { weight: 7 })).catch(() => undefined);
    await stage.clock.advance(0);
    expect(stage.edge.weights.get('a')).toBe(7);
    stage.pool.join(upstream('a')).catch(() => undefined);
    await stage.clock.advance(200);
    expect(stage.edge.weights.get('a')).toBe(1);
  });

  it('keeps back no other', async () => {
    await using stage = start();
    for (let call = 0; call < 5; call++) stage.edge.breakNext('observe', 'hang');
    const join = watch(stage.pool.join(upstream('a')));
    await stage.clock.advance(12_000);
    expect(stage.inner.serving).toEqual(['a']);
    expect(join.outcome).toBe('waiting');
    expect(stage.pool.status()).toMatchObject({
      upstreams: [{ because: ['edge does not answer'] }],
      proxies: [
        {
          seen: undefined,
          isAnswering: false,
          trouble: expect.stringMatching(/^was not asked: 3 questions are/),
          counts: { applied: 0 },
        },
        { isAnswering: true, trouble: undefined },
      ],
    });
    // It is not given up: asked seldom, it is seen when it answers again.
    await stage.clock.advance(60_000);
    expect(join.outcome).toBe('done');
  });

  it('that refuses to say what it has has answered', async () => {
    const clock = createVirtualClock();
    const refusing: ProxyDriver = {
      name: 'edge',
      observe: () => Promise.reject(trafficError('TRAFFIC_PROXY_REFUSED', 'It has no such backend.')),
      apply: async () => undefined,
    };
    await using pool = openPool({ clock, drivers: [refusing] });
    pool.join(upstream('a')).catch(() => undefined);
    expect(pool.status().upstreams).toMatchObject([{ because: ['edge was not asked yet'] }]);
    await clock.advance(100);
    expect(pool.status()).toMatchObject({
      upstreams: [{ because: ['edge cannot say what it has'] }],
      proxies: [{ isAnswering: true, seen: undefined, trouble: 'It has no such backend.' }],
    });
  });

  it('that was started again with nothing gets everybody back', async () => {
    await using stage = start();
    await joined(stage, 'a', 'b');
    stage.edge.restart();
    await stage.clock.advance(7000);
    expect(stage.edge.serving).toEqual(['a', 'b']);
  });
});

describe('upstreams that nobody has asked for', () => {
  async function withStranger(): Promise<Stage> {
    const stage = start({ strangers: { keepMs: 10_000, graceMs: 20_000 } });
    await stage.edge.apply([{ ...upstream('old'), mode: 'serving' }], new AbortController().signal);
    return stage;
  }

  it('stay for as long as the pool has nobody who is up', async () => {
    await using stage = await withStranger();
    await stage.clock.advance(3_600_000);
    expect(stage.edge.serving).toEqual(['old']);
    expect(stage.pool.status().proxies[0]?.strangers).toEqual(['old']);
  });

  it('are let be for a while, then drained, then taken out', async () => {
    await using stage = await withStranger();
    await stage.clock.advance(5000);
    await joined(stage, 'a');
    expect(stage.edge.serving.toSorted()).toEqual(['a', 'old']);
    stage.edge.occupy('old', 1);
    await stage.clock.advance(10_000);
    expect(stage.edge.serving).toEqual(['a']);
    expect([...stage.edge.weights.keys()].toSorted()).toEqual(['a', 'old']);
    stage.edge.occupy('old', 0);
    await stage.clock.advance(6000);
    expect([...stage.edge.weights.keys()]).toEqual(['a']);
  });

  it('keep the share that somebody has given them', async () => {
    await using stage = start();
    const told = [{ ...upstream('old'), weight: 13, mode: 'serving' } as const];
    await stage.edge.apply(told, new AbortController().signal);
    await stage.clock.advance(20_000);
    expect(stage.edge.weights).toEqual(new Map([['old', 13]]));
  });

  it('have no longer than their grace to end what they have', async () => {
    await using stage = await withStranger();
    stage.edge.occupy('old', 1);
    await stage.clock.advance(11_000);
    await joined(stage, 'a');
    await stage.clock.advance(15_000);
    expect(stage.edge.weights.has('old')).toBe(true);
    await stage.clock.advance(15_000);
    expect(stage.edge.weights.has('old')).toBe(false);
  });

  it('belong to the pool when they join in time', async () => {
    await using stage = await withStranger();
    await stage.clock.advance(5000);
    await joined(stage, 'a', 'old');
    await stage.clock.advance(120_000);
    expect(stage.edge.serving.toSorted()).toEqual(['a', 'old']);
  });
});

describe('close()', () => {
  it('leaves every proxy as it is, refuses whoever waits, and leaves no timer behind', async () => {
    const stage = start();
    await joined(stage, 'a');
    stage.edge.occupy('a', 1);
    const waits = [watch(stage.pool.leave('a', { graceMs: 60_000 })), watch(stage.pool.join(upstream('b')))];
    await stage.pool.close();
    await stage.clock.advance(0);
    for (const { outcome } of waits) expect(outcome).toMatchObject({ code: 'TRAFFIC_POOL_CLOSED' });
    expect(stage.clock.pending).toBe(0);
    expect(stage.inner.serving).toEqual(['a']);
    await expect(stage.pool.join(upstream('c'))).rejects.toMatchObject({ code: 'TRAFFIC_POOL_CLOSED' });
  });

  it('does not wait for a proxy that hangs', async () => {
    const stage = start();
    stage.edge.breakNext('observe', 'hang');
    await stage.clock.advance(10);
    await stage.pool.close();
    expect(stage.clock.pending).toBe(0);
  });
});
