import { gunzipSync } from 'node:zlib';
import { createVirtualClock } from 'loadline/base';
import { profilingError } from 'loadline/profiling';
import { createSimulatedDriver } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { createMemoryDocuments } from '../../src/memory/index.ts';
import { createProfilers, type ProfilePlace, type Profilers } from '../../src/profiling/index.ts';
import type { ServiceDescription } from '../../src/scaling/index.ts';
import { type Answer, type Plane, type PlaneOptions, startPlane, until } from '../plane.ts';
import { FakeProfiler, noSnapshots } from './fake-profiler.ts';

const shop: ServiceDescription = {
  name: 'shop',
  command: { command: 'node', environment: {} },
  policy: { replicas: { min: 1, max: 4 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } },
};

interface Stage extends AsyncDisposable {
  readonly plane: Plane;
  readonly profiler: FakeProfiler;
  /** As the driver calls it. */
  readonly instance: string;
}

/** A control plane with one instance of a service, with a door that a fake profiler stands behind. */
async function start(further: PlaneOptions & { profiler?: FakeProfiler } = {}): Promise<Stage> {
  const clock = further.clock ?? createVirtualClock();
  const profiler = further.profiler ?? new FakeProfiler(clock);
  const profilers: Profilers = {
    own: createProfilers(clock, undefined).own,
    of: () => ({ profiler, snapshots: noSnapshots }),
  };
  const simulated = createSimulatedDriver({ clock, groups: { shop: 1 } });
  // It only tells of instances, and these have an address.
  const driver = {
    ...simulated,
    async observe(group: string, signal: AbortSignal) {
      const seen = await simulated.observe(group, signal);
      if (seen.kind === 'unseen') return seen;
      const instances = seen.instances.map((each) => ({ ...each, url: 'http://127.0.0.1:9' }));
      return { ...seen, instances };
    },
  };
  const configuration = { services: [shop] };
  const plane = await startPlane({ profilers, driver, ...further, clock, configuration });
  const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/status');
  return {
    plane,
    profiler,
    instance: json.items[0].fleet.instances[0].id,
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
}

function begin({ plane, instance }: Pick<Stage, 'plane' | 'instance'>, more: object = {}): Promise<Answer> {
  const body = { instance, kind: 'cpu', durationMs: 10_000, ...more };
  return plane.ask('operator', 'POST', '/performance/profiling/start', { body });
}

/** A session once it is over. */
function ended(plane: Plane, id: string): Promise<Answer> {
  const look = (): Promise<Answer> => plane.ask('viewer', 'GET', `/performance/profiling/${id}`);
  return until(look, ({ json }) => json.state !== 'running');
}

describe('a profile', () => {
  it('ends by itself, and is kept in all its forms', async () => {
    await using stage = await start();
    const { plane } = stage;
    const begun = await begin(stage);
    expect(begun.status).toBe(201);
    expect(begun.json).toMatchObject({ state: 'running', service: 'shop', kind: 'cpu', durationMs: 10_000 });
    expect(begun.json.remoteId, 'what is inside stays inside').toBeUndefined();
    expect(begun.headers.location).toBe(`/performance/profiling/${begun.json.id}`);
    const early = await plane.ask('viewer', 'GET', `/performance/profiling/${begun.json.id}/profile`);
    expect(early.status).toBe(409);

    await plane.clock.advance(11_000);
    const { json: session } = await ended(plane, begun.json.id);
    expect(session).toMatchObject({ state: 'finished', overhead: { startStopCpuMs: 4 } });
    const path = `/performance/profiling/${session.id}/profile`;
    const top = await plane.ask('viewer', 'GET', path);
    expect(top.json.functions[0]).toMatchObject({ name: 'findFood', selfShare: expect.closeTo(0.75, 2) });
    const v8 = await plane.ask('viewer', 'GET', `${path}?format=v8`);
    expect(v8.json.samples).toHaveLength(400);
    expect(v8.headers['content-disposition']).toContain(`cpu-${session.id}.cpuprofile`);
    const { statusCode, rawPayload } = await plane.composition.app.inject({
      url: path,
      headers: { authorization: `Bearer ${plane.keys.viewer}`, accept: 'application/octet-stream' },
    });
    expect(statusCode).toBe(200);
    expect(gunzipSync(rawPayload).toString('latin1')).toContain('findFood');
  });

  it('runs once at a time on an instance', async () => {
    await using stage = await start();
    const [one, other] = await Promise.all([begin(stage), begin(stage)]);
    expect([one.status, other.status].toSorted()).toEqual([201, 409]);
    expect((await begin(stage)).status).toBe(409);
    await stage.plane.clock.advance(11_000);
    await until(
      () => begin(stage),
      ({ status }) => status === 201,
    );
  });

  it('is ended early by its id or by its instance, and is kept all the same', async () => {
    await using stage = await start();
    const { plane, instance } = stage;
    const stop = (body: object): Promise<Answer> =>
      plane.ask('operator', 'POST', '/performance/profiling/stop', { body });
    expect((await stop({ instance })).status).toBe(409);
    const first = await begin(stage);
    expect((await stop({ sessionId: first.json.id })).json.state).toBe('finished');
    expect((await stop({ sessionId: first.json.id })).status).toBe(409);
    await begin(stage);
    expect((await stop({ instance })).json.state).toBe('finished');
    expect((await stop({ sessionId: 'unknown' })).status).toBe(404);
    expect((await stop({})).status).toBe(400);
    const list = await plane.ask('viewer', 'GET', '/performance/profiling?limit=1');
    const rest = await plane.ask('viewer', 'GET', `/performance/profiling?cursor=${list.json.nextCursor}`);
    expect([...list.json.items, ...rest.json.items].map(({ id }) => id).at(-1)).toBe(first.json.id);
  });

  it('goes on while the control plane is away, and is fetched by the next one', async () => {
    const clock = createVirtualClock();
    const documents = createMemoryDocuments();
    const profiler = new FakeProfiler(clock);
    await using kept = await startPlane({ clock });
    const { home } = kept;
    let id: string;
    {
      await using stage = await start({ clock, documents, profiler, home });
      id = (await begin(stage)).json.id;
    }
    await clock.advance(60_000);
    await using stage = await start({ clock, documents, profiler, home });
    await clock.advance(1000);
    expect((await ended(stage.plane, id)).json.state).toBe('finished');
    const top = await stage.plane.ask('viewer', 'GET', `/performance/profiling/${id}/profile`);
    expect(top.json.functions[0].name).toBe('findFood');
  });

  it('of the control plane itself is interrupted by its end', async () => {
    const clock = createVirtualClock();
    const documents = createMemoryDocuments();
    await using kept = await startPlane({ clock });
    const { home } = kept;
    let id: string;
    {
      await using stage = await start({ clock, documents, home });
      id = (await begin(stage, { instance: 'control-plane' })).json.id;
    }
    await using stage = await start({ clock, documents, home });
    const { json } = await stage.plane.ask('viewer', 'GET', `/performance/profiling/${id}`);
    expect(json).toMatchObject({ state: 'interrupted', problem: 'The control plane was stopped.' });
  });

  it('of one control plane is none of another that shares its database, and is left to it', async () => {
    const clock = createVirtualClock();
    const documents = createMemoryDocuments();
    await using first = await start({ clock, documents });
    const own = (await begin(first, { instance: 'control-plane' })).json.id;
    const remote = (await begin(first)).json.id;
    await using second = await start({ clock, documents });
    expect((await second.plane.ask('viewer', 'GET', '/performance/profiling')).json.items).toEqual([]);
    for (const id of [own, remote]) {
      const path = `/performance/profiling/${id}`;
      expect((await second.plane.ask('viewer', 'GET', path)).status).toBe(404);
      expect((await first.plane.ask('viewer', 'GET', path)).json.state).toBe('running');
    }
    await clock.advance(11_000);
    expect((await ended(first.plane, remote)).json.state).toBe('finished');
  });

  it('has failed where its instance is gone for good, and waits for one that is only busy', async () => {
    await using stage = await start();
    const { plane, profiler } = stage;
    const first = (await begin(stage)).json.id;
    profiler.isAway = true;
    await plane.clock.advance(12_000);
    profiler.isAway = false;
    await plane.clock.advance(1000);
    expect((await ended(plane, first)).json.state).toBe('finished');

    const second = (await begin(stage)).json.id;
    profiler.isAway = true;
    await plane.clock.advance(30_000);
    const { json } = await ended(plane, second);
    expect(json).toMatchObject({ state: 'failed', problem: 'The instance gave no answer any more.' });
    profiler.isAway = false;
    profiler.forget();

    const third = (await begin(stage)).json.id;
    profiler.forget();
    await plane.clock.advance(11_000);
    expect((await ended(plane, third)).json.problem).toContain('has forgotten the session');
  });

  it('is forgotten with its files when there are fifty newer ones', async () => {
    await using stage = await start();
    const { plane, instance } = stage;
    const first = (await begin(stage)).json.id;
    const stop = { body: { instance } };
    await plane.ask('operator', 'POST', '/performance/profiling/stop', stop);
    for (let count = 0; count < 50; count++) {
      await begin(stage);
      await plane.ask('operator', 'POST', '/performance/profiling/stop', stop);
    }
    expect((await plane.ask('viewer', 'GET', `/performance/profiling/${first}`)).status).toBe(404);
    const { json } = await plane.ask('viewer', 'GET', '/performance/profiling?limit=200');
    expect(json.items).toHaveLength(50);
  });
});

describe('an instance that is watched', () => {
  /** Two services that are listed, and whoever registers; each has a door, which notes who comes. */
  async function watching(): Promise<{ plane: Plane; places: ProfilePlace[]; begin: Begin }> {
    const clock = createVirtualClock();
    const places: ProfilePlace[] = [];
    const of: Profilers['of'] = (place) => {
      places.push(place);
      return { profiler: new FakeProfiler(clock), snapshots: noSnapshots };
    };
    const services = ['shop', 'search'].map((service) => ({
      service,
      url: new URL('http://10.0.0.1/metrics'),
    }));
    const policy = { allowHosts: ['10.0.0.2'] };
    const watch = { services, postgres: [], valkey: [], policy, intervalMs: 5000 };
    const plane = await startPlane({
      clock,
      profilers: { own: createProfilers(clock, undefined).own, of },
      configuration: { watch },
    });
    return { plane, places, begin: (body) => begin({ plane, instance: '' }, body) };
  }
  type Begin = (body: object) => Promise<Answer>;

  async function register(plane: Plane, body: object): Promise<void> {
    const { status } = await plane.ask('operator', 'POST', '/instances', { body });
    expect(status).toBe(201);
  }

  it('is profiled by its name, and by its service where two have one of it', async () => {
    const { plane, places, begin } = await watching();
    await using _ = plane;
    const ambiguous = await begin({ instance: '10.0.0.1:80' });
    expect(ambiguous.status).toBe(400);
    expect(ambiguous.json.errors).toMatchObject([
      { pointer: '/service', detail: expect.stringContaining('"shop", "search"') },
    ]);
    for (const service of ['shop', 'search'])
      expect((await begin({ instance: '10.0.0.1:80', service })).json.service).toBe(service);
    expect((await begin({ instance: '10.0.0.1:80', service: 'shop' })).status).toBe(409);
    expect(places).toContainEqual(expect.objectContaining({ url: 'http://10.0.0.1', address: '10.0.0.1' }));
    const stop = (body: object): Promise<Answer> =>
      plane.ask('operator', 'POST', '/performance/profiling/stop', { body });
    expect((await stop({ instance: '10.0.0.1:80' })).json.errors[0].pointer).toBe('/service');
    expect((await stop({ instance: '10.0.0.1:80', service: 'shop' })).json.state).toBe('finished');
    expect((await stop({ instance: '10.0.0.1:80' })).json.service).toBe('search');
    const ofShop = await plane.ask('viewer', 'GET', '/performance/profiling?service=shop');
    expect(ofShop.json.items).toHaveLength(1);
  });

  it('and registered, gets no key where nobody named its address', async () => {
    const { plane, places, begin } = await watching();
    await using _ = plane;
    await register(plane, { service: 'shop', instance: 'public', url: 'http://93.184.216.34/metrics' });
    const refused = await begin({ instance: 'public' });
    expect(refused.status).toBe(409);
    expect(refused.json.detail).toContain('--allow-watch');
    expect(places).toEqual([]);
    await register(plane, { service: 'shop', instance: 'named', url: 'http://10.0.0.2/metrics' });
    expect((await begin({ instance: 'named' })).status).toBe(201);
    expect(places).toMatchObject([{ address: '10.0.0.2' }]);
  });
});

describe('what an instance refuses', () => {
  it.each([
    [profilingError('PROFILING_BUSY', 'Cannot start a profile.'), 409],
    [profilingError('PROFILING_UNREACHABLE', 'Cannot ask http://10.0.0.5:8080/loadline/profiles.'), 503],
    [profilingError('PROFILING_REFUSED', 'Cannot ask http://10.0.0.5:8080/loadline/profiles.'), 409],
    [profilingError('PROFILING_FAILED', 'Cannot start a profile: the inspector …'), 503],
  ])('is told without its address: %s', async (error, status) => {
    await using stage = await start();
    stage.profiler.refusesWith = error;
    const answer = await begin(stage);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('10.0.0.5');
  });

  it('is what no session can have, too: each mistake with its place', async () => {
    await using stage = await start();
    const { plane } = stage;
    expect((await begin(stage, { instance: 'nobody' })).status).toBe(404);
    expect((await begin(stage, { kind: 'wall' })).json.errors[0].pointer).toBe('/kind');
    const many = { instance: 'control-plane', durationMs: 600_000, samplingIntervalUs: 100 };
    const answer = await begin(stage, many);
    expect(answer.status).toBe(400);
    expect(answer.json.errors[0].detail).toContain('at most 1000000 samples');
    const unknown = await plane.ask('viewer', 'GET', '/performance/profiling/unknown/profile');
    expect(unknown.status).toBe(404);
  });

  it('is everything where the control plane has no key', async () => {
    await using stage = await start({ profilers: createProfilers(createVirtualClock(), undefined) });
    const answer = await begin(stage);
    expect(answer.status).toBe(409);
    expect(answer.json.detail).toContain('LOADLINE_OBSERVE_KEY');
  });
});
