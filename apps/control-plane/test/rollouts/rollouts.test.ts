import { type Flag, parseFlags } from 'loadline/scaling/flags';
import { describe, expect, it } from 'vitest';
import { type ServiceDescription, scalingGateOf } from '../../src/scaling/index.ts';
import type { Answer, Plane } from '../plane.ts';
import { createWorld, type World } from './world.ts';

const commandOf = (version: string) => ({ command: 'node', args: [version], environment: {} });

const plan = {
  canary: { steps: [{ share: 0.5, watch: '10s', requests: 200, watchAtMost: '10m' }], keep: '5s' },
  settle: '3s',
  judge: { block: '2s', blockRequests: 20 },
};

const shop: ServiceDescription = {
  name: 'shop',
  command: commandOf('1.0'),
  policy: {
    interval: '2s',
    replicas: { min: 2, max: 4 },
    scaleIn: { cooldown: '1s', stabilization: '1s' },
    metrics: { cpuRatio: { scaleOutAbove: 0.7 } },
  },
  listen: { host: '127.0.0.1', port: 8080 },
  version: '1.0',
  candidate: { version: '1.1', command: commandOf('1.1') },
  rollout: plan,
};

const rollouts = '/performance/rollouts';
const one = `${rollouts}/shop-1.1`;
const order = { service: 'shop', candidate: '1.1' };

interface Begun extends AsyncDisposable {
  readonly world: World;
  readonly plane: Plane;
  readonly rollout: () => Promise<Answer['json']>;
  readonly untilPhase: (phase: string) => Promise<number>;
}

/** A service with two instances of 1.0, and a rollout of 1.1 that has begun. */
async function begun(seed: string, body: object = order): Promise<Begun> {
  const world = createWorld(seed);
  const plane = await world.begin(shop);
  await world.pass(5);
  expect((await plane.ask('operator', 'POST', rollouts, { body })).status).toBe(201);
  return begunAt(world, plane);
}

function begunAt(world: World, plane: Plane): Begun {
  const rollout = async (): Promise<Answer['json']> => (await plane.ask('viewer', 'GET', one)).json;
  return {
    ...{ world, plane, rollout },
    untilPhase: (phase) =>
      world
        .until(async () => (await rollout()).phase === phase)
        .catch(async (error: Error) => {
          const { phase: found, reason, troubles } = await rollout();
          throw new Error(`${error.message} ${JSON.stringify({ found, reason, troubles })}`);
        }),
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

const wantedOf = async ({ driver }: World, group: string): Promise<unknown> => {
  const fleet = await driver.observe(group, new AbortController().signal);
  return fleet.kind === 'seen' && fleet.wanted;
};

/** What a collector would have measured of instances that have nothing to do. */
async function measureIdle({ store, driver, clock }: World): Promise<void> {
  const fleet = await driver.observe('shop', new AbortController().signal);
  if (fleet.kind === 'unseen') return;
  await store.metrics.write(
    fleet.instances.map(({ id }) => ({
      series: { metric: 'cpu_ratio', service: 'shop', instance: id, unit: 'ratio' },
      atMs: clock.now(),
      value: 0.01,
    })),
  );
}

describe('a rollout of a service', () => {
  it('ends with the candidate in the place of the other, and says by what it was judged', async () => {
    await using stage = await begun('same');
    const { world, plane, rollout, untilPhase } = stage;
    await untilPhase('watching');
    await world.pass(2);
    expect(world.share('shop.green')).toBeCloseTo(0.5, 1);
    const { json: status } = await plane.ask('viewer', 'GET', '/performance/scaling/status');
    expect(status.items[0].fleet.instances).toHaveLength(2);

    await untilPhase('promoted');
    await world.pass(3);
    expect(world.share('shop.green')).toBe(1);
    expect(await wantedOf(world, 'shop')).toBe(0);
    const { log, ...whole } = await rollout();
    expect(whole).toMatchObject({
      service: 'shop',
      baseline: '1.0',
      candidate: '1.1',
      share: 1,
      step: 2,
      startedBy: 'operator',
      reason: '1.1 has taken the place of 1.0 at shop.',
    });
    expect(log.map(({ phase }: { phase: string }) => phase)).toEqual([
      'preparing',
      'watching',
      'preparing',
      'watching',
      'finishing',
      'promoted',
    ]);
    expect(log[2].reason).toMatch(/^At 50 %, [\d,]+ requests in .+ it is (the same|no worse)/);
    expect(log[2].effects[0]).toMatchObject({ metric: expect.any(String), low: expect.any(Number) });

    // What serves is scaled now, wherever it runs.
    const body = { group: 'shop', replicas: 3 };
    await plane.ask('operator', 'POST', '/performance/scaling/manual', { body });
    expect(await wantedOf(world, 'shop.green')).toBe(3);
    // And it is not brought in twice.
    const again = await plane.ask('operator', 'POST', rollouts, { body: order });
    expect([again.status, again.json.detail]).toEqual([409, expect.stringContaining('serves already')]);
    const metrics = await plane.ask('viewer', 'GET', '/metrics');
    expect(metrics.text).toContain('loadline_rollouts{phase="promoted"} 1');
  });

  it('turns back within five seconds when the candidate fails', async () => {
    await using stage = await begun('failing');
    const { world, rollout, untilPhase } = stage;
    await untilPhase('watching');
    await world.pass(4);
    world.manners['shop.green'].errorRatio = 0.5;
    expect(await world.until(async () => world.share('shop.green') === 0)).toBeLessThan(5);
    await untilPhase('rolled back');
    expect((await rollout()).reason).toMatch(
      /The candidate's .*failed: \d+ of \d+.* 1\.1 is rolled back at shop/,
    );
    expect(await wantedOf(world, 'shop.green')).toBe(0);
    expect(await wantedOf(world, 'shop')).toBe(2);
  });

  it('turns back when the candidate is a third slower, with what that rests on', async () => {
    await using stage = await begun('slower');
    const { world, rollout, untilPhase } = stage;
    world.manners['shop.green'].latencyMs *= 1.3;
    await untilPhase('rolled back');
    expect(world.share('shop.green')).toBe(0);
    const { log } = await rollout();
    expect(log.at(-2).reason).toMatch(/^It is worse: latency (mean|p50|p95) \+3\d %/);
    expect(log.at(-2).effects[0]).toMatchObject({ verdict: 'worse', change: expect.closeTo(0.3, 1) });
  });

  it('keeps scaling from taking anything away, and says so', async () => {
    await using stage = await begun('held');
    const { world, plane, untilPhase } = stage;
    await untilPhase('watching');
    const body = { group: 'shop', replicas: 3, duration: '5s' };
    await plane.ask('operator', 'POST', '/performance/scaling/manual', { body });
    for (let seconds = 0; seconds < 12; seconds++) {
      await measureIdle(world);
      await world.pass(1);
    }
    const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/status');
    expect(json.items[0].last).toMatchObject({
      action: 'hold',
      reason: expect.stringContaining('the rollout shop-1.1 of 1.1 is watching'),
    });
    expect(await wantedOf(world, 'shop')).toBe(3);
  });

  it('is paused, goes on, is promoted and is turned back by hand, each with who and why', async () => {
    await using stage = await begun('by hand');
    const { world, plane, rollout, untilPhase } = stage;
    const ask = async (word: string, body: object = { reason: 'a test' }) =>
      world.meanwhile(plane.ask('operator', 'POST', `${one}/${word}`, { body }));
    await untilPhase('watching');
    expect((await ask('pause')).json).toMatchObject({ phase: 'paused', pausedBy: 'person' });
    await world.pass(20);
    expect(await rollout()).toMatchObject({ phase: 'paused', reason: 'operator paused it: a test' });
    expect((await ask('resume', {})).json.reason).toBe('operator lets it go on: no reason was given');
    expect((await ask('promote', { all: true })).json).toMatchObject({ phase: 'preparing', step: 2 });
    await untilPhase('watching');
    // Where the traffic is, there it is scaled.
    await plane.ask('operator', 'POST', '/performance/scaling/manual', {
      body: { group: 'shop', replicas: 4 },
    });
    expect([await wantedOf(world, 'shop'), await wantedOf(world, 'shop.green')]).toEqual([2, 4]);
    expect((await ask('roll-back')).json).toMatchObject({ phase: 'rolling back', share: 0 });
    await untilPhase('rolled back');
    for (const word of ['pause', 'resume', 'promote', 'roll-back'])
      expect((await ask(word)).json).toMatchObject({
        status: 409,
        detail: expect.stringContaining('rolled back'),
      });
    const { json } = await plane.ask('viewer', 'GET', `${rollouts}?service=shop`);
    expect(json.items).toMatchObject([{ id: 'shop-1.1', phase: 'rolled back' }]);
    expect(json.items[0].log).toBeUndefined();
    // The next has a name of its own.
    const next = await plane.ask('operator', 'POST', rollouts, { body: order });
    expect(next.headers.location).toBe(`${one}-2`);
  });

  it('is refused for what is not there, what runs already, and a plan that cannot work', async () => {
    await using stage = await begun('refused');
    const { plane } = stage;
    const start = (body: object, role: 'viewer' | 'operator' = 'operator') =>
      plane.ask(role, 'POST', rollouts, { body });
    expect((await start(order)).json.detail).toContain('shop-1.1 is under way there');
    expect(await start({ ...order, service: 'shap' })).toMatchObject({
      status: 404,
      json: { detail: 'There is no service "shap"; did you mean shop?' },
    });
    expect(await plane.ask('viewer', 'GET', `${rollouts}?service=shap`)).toMatchObject({
      status: 404,
      json: { detail: 'There is no service "shap"; did you mean shop?' },
    });
    expect((await start({ ...order, candidate: '1.2' })).json.detail).toContain('describes 1.1');
    const wrong = { canary: { steps: [{ share: 2 }] }, settle: 'soon' };
    expect((await start({ ...order, plan: wrong })).json.detail).toMatch(
      /plan\.canary\.steps\[0\]\.share .*plan\.settle/,
    );
    expect((await start(order, 'viewer')).status).toBe(403);
    // Nobody can have something started over the network that no file describes.
    expect((await start({ ...order, command: 'sh' })).status).toBe(400);
    expect((await plane.ask('operator', 'POST', `${rollouts}/nothing/pause`, { body: {} })).status).toBe(404);
    expect((await plane.ask('viewer', 'GET', `${rollouts}/shop-1.2`)).json.detail).toBe(
      'There is no rollout "shop-1.2"; did you mean shop-1.1?',
    );
  });

  it('begins once where two start it at a time, and by what the file said to the first', async () => {
    await using world = createWorld('two at once');
    await using plane = await world.begin(shop);
    await world.pass(5);
    const start = () => plane.ask('operator', 'POST', rollouts, { body: order });
    const changed = { ...shop, candidate: { version: '1.2', command: commandOf('1.2') } };
    world.write({ ok: true, services: [shop] }, { ok: true, services: [changed] });
    const sight = Promise.withResolvers<void>();
    world.sight = sight.promise;
    const asked = [start(), start(), start()];
    // All of them wait until the instances are seen.
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    sight.resolve();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 409]);
    for (const { json } of answers.slice(1))
      expect(json.detail).toBe(
        'Cannot roll out 1.1 at shop: another rollout of it is just being started. Look at that one first.',
      );
    // Whoever was refused has changed nothing of what is rolled out.
    expect((await start()).json.detail).toContain('shop-1.1 is under way there');
    // And a start that came to nothing keeps nobody from the next.
    const other = { ...order, service: 'shop', candidate: '1.3' };
    const refused = await plane.ask('operator', 'POST', rollouts, { body: other });
    expect(refused.json.detail).toContain('describes 1.1 as what could be rolled out');
  });

  it('does not begin while a flag keeps it from that', async () => {
    await using world = createWorld('flags');
    let isOn = false;
    await using plane = await world.begin(shop, (name) => name !== 'shop-1.1' || isOn);
    await world.pass(5);
    const start = () =>
      plane.ask('operator', 'POST', rollouts, { body: { ...order, plan: { ...plan, flag: 'shop-1.1' } } });
    expect((await start()).json).toMatchObject({
      status: 409,
      detail:
        'Cannot roll out 1.1 at shop: the flag shop-1.1, which its plan names, is off. Change that, then start it again.',
    });
    isOn = true;
    expect((await start()).status).toBe(201);
  });

  it('does not begin by a flag that nobody has written, or that is off as a whole', async () => {
    await using world = createWorld('no-such-flag');
    const flags = new Map<string, Flag>();
    await using plane = await world.begin(shop, scalingGateOf({ flags }));
    await world.pass(5);
    const start = () =>
      plane.ask('operator', 'POST', rollouts, { body: { ...order, plan: { ...plan, flag: 'shop-1.1' } } });
    const detail = expect.stringContaining('the flag shop-1.1, which its plan names, is off');
    expect((await start()).json).toMatchObject({ status: 409, detail });
    const read = parseFlags({ flags: { 'shop-1.1': { serve: true, enabled: false } } });
    if (read.ok) for (const [name, flag] of read.value) flags.set(name, flag);
    expect(flags.size).toBe(1);
    expect((await start()).json).toMatchObject({ status: 409, detail });
    // What no flag speaks of takes part all the same: the one of all rollouts is not there either.
    expect((await plane.ask('operator', 'POST', rollouts, { body: order })).status).toBe(201);
  });

  it('does not begin while a rolling restart goes on', async () => {
    await using world = createWorld('restarting');
    await using plane = await world.begin(shop);
    await world.pass(5);
    world.isRestarting = true;
    const refused = await plane.ask('operator', 'POST', rollouts, { body: order });
    expect(refused.json).toMatchObject({ status: 409, detail: expect.stringContaining('1 of 2 instances') });
    world.isRestarting = false;
    expect((await plane.ask('operator', 'POST', rollouts, { body: order })).status).toBe(201);
  });

  it('goes on from where it was when the control plane has died', async () => {
    await using stage = await begun('killed');
    const { world, plane, untilPhase } = stage;
    await untilPhase('watching');
    await world.pass(10);
    await plane[Symbol.asyncDispose]();
    await world.pass(30);
    expect(world.share('shop.green')).toBeCloseTo(0.5, 1);
    await using next = begunAt(world, await world.begin(shop));
    expect(await next.rollout()).toMatchObject({ phase: 'watching', share: 0.5 });
    await next.untilPhase('promoted');
    await world.pass(3);
    expect(world.share('shop.green')).toBe(1);
  });

  it('is turned back when the file tells nothing of its candidate any more', async () => {
    await using stage = await begun('forgotten');
    const { world, plane, untilPhase } = stage;
    await untilPhase('watching');
    await plane[Symbol.asyncDispose]();
    const { candidate: _, ...alone } = shop;
    await using next = begunAt(world, await world.begin(alone));
    await next.untilPhase('rolled back');
    expect((await next.rollout()).reason).toContain('The services file wants it back: it describes 1.0 now');
    expect(world.share('shop')).toBe(1);
    expect(await wantedOf(world, 'shop.green')).toBe(0);
  });

  it('follows the file without a new start of the control plane: one build after the other', async () => {
    await using stage = await begun('followed file');
    const { world, plane, untilPhase } = stage;
    const start = (candidate: string) =>
      plane.ask('operator', 'POST', rollouts, { body: { ...order, candidate } });
    await untilPhase('promoted');
    await world.pass(3);
    expect((await start('1.2')).json.detail).toContain('describes 1.0 as what could be rolled out');
    const { candidate: _, ...alone } = { ...shop, version: '1.1', command: commandOf('1.1') };
    const next = { ...alone, candidate: { version: '1.2', command: commandOf('1.2') } };
    world.write({ ok: true, services: [next] });
    expect((await start('1.2')).json).toMatchObject({ baseline: '1.1', candidate: '1.2' });
    expect(await world.until(async () => world.share('shop') === 1)).toBeGreaterThan(10);

    // What serves is not renamed behind its back, and nothing is guessed from what cannot be read.
    await plane.ask('operator', 'POST', `${rollouts}/shop-1.2/promote`, { body: { all: true } });
    await world.until(
      async () => (await plane.ask('viewer', 'GET', `${rollouts}/shop-1.2`)).json.phase === 'promoted',
    );
    world.write({ ok: true, services: [{ ...alone, version: '2.0' }] });
    expect((await start('2.1')).json.detail).toContain('says that 2.0 serves, and 1.2 does');
    world.write({ ok: true, services: [] });
    expect((await start('2.1')).json.detail).toContain('does not describe shop any more');
    world.write({ ok: false, problems: ['line 3: a key twice'] });
    expect(await start('2.1')).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('line 3') },
    });
  });

  it('tells its turns to whoever follows', async () => {
    await using stage = await begun('followed');
    const { plane, untilPhase } = stage;
    await untilPhase('watching');
    const follow = async (last: string): Promise<string> => {
      const headers = { 'last-event-id': last };
      const path = '/performance/live?topics=rollouts';
      return (await plane.ask('viewer', 'GET', path, { headers })).text;
    };
    // The run is in the id of the gap that a stranger to it is told of.
    const run = /^id: (.+)-\d+$/m.exec(await follow('unknown-0'))?.[1];
    const told = [...(await follow(`${run}-0`)).matchAll(/^data: (\{.+)$/gm)].map(([, data]) =>
      JSON.parse(data as string),
    );
    expect(told).toMatchObject([
      {
        id: 'shop-1.1',
        phase: 'preparing',
        share: 0,
        reason: expect.stringContaining('operator rolls out 1.1'),
      },
      { id: 'shop-1.1', phase: 'watching', share: 0.5, baseline: '1.0', candidate: '1.1', service: 'shop' },
    ]);
  });
});
