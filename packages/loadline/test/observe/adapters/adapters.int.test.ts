import { request } from 'node:http';
import { connect } from 'node:net';
import { decodeSnapshot, parsePrometheus, snapshotContentType } from 'loadline/metrics';
import { type Observer, observe, UserSketch, usersSketchName } from 'loadline/observe';
import { createRemoteProfiler } from 'loadline/profiling';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, services } from './services.ts';

const controlKey = 'the-control-plane-key';
const metricsKey = 'a-key-for-prometheus';

describe.each(Object.keys(services))('a service of %s', (framework) => {
  let observer: Observer;
  let service: Service;
  beforeAll(async () => {
    observer = observe({ service: 'shop', controlKey, metricsKey, beacon: {} });
    service = await (services[framework] as (typeof services)[string])(observer);
  });
  afterAll(async () => {
    await service?.close();
    await observer?.close();
  });

  const ask = (path: string, key?: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${service.url}${path}`, {
      ...init,
      headers: { ...init.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    });
  /** All samples of the metrics, by name and labels as they stand there. */
  async function samples(): Promise<Map<string, number>> {
    const response = await ask('/metrics', metricsKey);
    const { families } = parsePrometheus(await response.text());
    return new Map(
      [...families.values()].flatMap((family) =>
        family.samples.map(({ name, labels, value }) => {
          const pairs = [...labels].map(([label, of]) => `${label}=${of}`);
          return [`${name}{${pairs.join()}}`, value] as const;
        }),
      ),
    );
  }
  const count = (all: Map<string, number>, route: string, status: number): number | undefined =>
    all.get(`http_requests_total{method=GET,route=${route},status=${status}}`);

  it('is counted by the pattern of a route, never by its path', async () => {
    for (const id of ['1', '2', '3?of=me']) expect(await (await ask(`/food/${id}`)).text()).toBe('a dish');
    await (await ask('/fail')).text();
    await (await ask('/other')).text();
    await expect.poll(async () => count(await samples(), '/food/:id', 200)).toBe(3);
    const all = await samples();
    expect(count(all, '/fail', 500)).toBe(1);
    expect(count(all, 'unmatched', 404)).toBe(1);
    expect(all.get('http_requests_in_flight{}')).toBe(0);
    const durations = 'http_request_duration_seconds_count{method=GET,route=/food/:id,status=200}';
    expect(all.get(durations)).toBe(3);
  });

  it('is counted as 499 where the client went away first', async () => {
    const sent = request(`${service.url}/never`).on('error', () => undefined);
    sent.end();
    await expect.poll(async () => (await samples()).get('http_requests_in_flight{}')).toBe(1);
    sent.destroy();
    await expect.poll(async () => count(await samples(), '/never', 499)).toBe(1);
  });

  it('tells bytes and connections of its server', async () => {
    const before = await samples();
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const path = `/food/${'x'.repeat(5000)}`;
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    const during = await samples();
    socket.destroy();
    const grown = (name: string): number => (during.get(`${name}{}`) ?? 0) - (before.get(`${name}{}`) ?? 0);
    expect(grown('http_server_received_bytes_total')).toBeGreaterThan(5000);
    expect(grown('http_server_sent_bytes_total')).toBeGreaterThan(100);
    expect(grown('http_server_connections_total')).toBeGreaterThanOrEqual(1);
    const open = during.get('http_server_connections{}') as number;
    await expect.poll(async () => (await samples()).get('http_server_connections{}')).toBeLessThan(open);
  });

  it('tells how many users were there, and lets them be united with those of others', async () => {
    for (const user of ['ann', 'bob', 'ann'])
      await (await ask('/food/1', undefined, { headers: { 'x-user': user } })).text();
    await expect.poll(async () => (await samples()).get('http_active_users{}')).toBe(2);
    const response = await ask('/metrics', controlKey, { headers: { accept: snapshotContentType } });
    expect(response.headers.get('content-type')).toBe(snapshotContentType);
    const { snapshot, sketches } = decodeSnapshot(new Uint8Array(await response.arrayBuffer()));
    const users = UserSketch.decode(sketches.get(usersSketchName) as Uint8Array);
    expect([users.count, users.isExact]).toEqual([2, true]);
    const durations = snapshot.find(({ name }) => name === 'http_request_duration_seconds');
    const all = durations?.series.map((each) => ('histogram' in each ? each.histogram.count : 0)) ?? [];
    expect(all.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(6);
  });

  it('shows nobody anything without the right key', async () => {
    for (const [path, key] of [
      ['/metrics', undefined],
      ['/metrics', 'some-other-key-of-one'],
      ['/loadline/profiles', undefined],
      ['/loadline/profiles', metricsKey],
    ] as const) {
      const response = await ask(path, key);
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.json()).toMatchObject({ code: 'OBSERVE_REFUSED' });
    }
  });

  it('is profiled from elsewhere, one session at a time', async () => {
    await using profiler = createRemoteProfiler({ url: service.url, key: controlKey });
    const { id } = await profiler.start({ kind: 'cpu', durationMs: 20_000 });
    await expect(profiler.start({ kind: 'heap' })).rejects.toMatchObject({
      code: 'PROFILING_BUSY',
      facts: { status: 409 },
    });
    await expect(profiler.profile(id)).rejects.toMatchObject({ code: 'PROFILING_NO_PROFILE' });
    await (await ask('/food/1')).text();
    expect(await profiler.stop()).toMatchObject({ id, state: 'finished' });
    const { profile } = await profiler.profile(id);
    expect(profile.kind === 'cpu' && profile.v8.nodes.length).toBeGreaterThan(1);
    await expect(profiler.stop()).rejects.toMatchObject({ code: 'PROFILING_NOT_RUNNING' });
    await expect(profiler.profile('none')).rejects.toMatchObject({ code: 'PROFILING_SESSION_UNKNOWN' });
    expect((await profiler.sessions()).map((each) => each.id)).toEqual([id]);
  });

  it('takes what browsers tell, within limits', async () => {
    const send = async (body: string, origin = service.url): Promise<number> => {
      const headers = { origin, 'content-type': 'text/plain' };
      const response = await ask('/loadline/vitals', undefined, { method: 'POST', headers, body });
      await response.text();
      return response.status;
    };
    expect(await send('{"page":"/food/17","lcpMs":1200,"cls":0.05,"rating":5}')).toBe(204);
    expect(await send('{"page":"/food/17","lcpMs":1200}', 'http://elsewhere.example')).toBe(403);
    expect(await send('{"page":"/food/17","lcpMs":"fast","more":1}')).toBe(400);
    expect(await send('{')).toBe(400);
    expect(await send(`{"page":"/${'x'.repeat(20_000)}"}`)).toBe(413);
    const all = await samples();
    expect(all.get('web_vitals_lcp_seconds_count{page=/food/:id}')).toBe(1);
    expect(all.get('web_vitals_cls_sum{page=/food/:id}')).toBe(0.05);
    expect(all.get('web_speed_ratings_total{page=/food/:id,rating=5}')).toBe(1);
    expect(all.get('web_beacons_total{result=refused 400}')).toBe(2);
  });
});
