import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deepQueue, measure } from '../alerts/watched-plane.ts';
import { type Plane, startPlane, untilState } from '../plane.ts';
import { type Followed, follow, listen } from './followed.ts';

let plane: Plane;
let base: string;

beforeAll(async () => {
  const services = [
    {
      name: 'shop',
      command: { command: 'node', environment: {} },
      policy: { replicas: { min: 1, max: 4 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } },
    },
  ];
  const watch = { services: [{ service: 'shop', url: new URL('http://10.9.9.9/metrics') }] };
  plane = await startPlane({
    configuration: {
      services,
      watch: { ...watch, postgres: [], valkey: [], policy: {}, intervalMs: 5000 },
    },
    pull: () => Promise.reject(new Error('nobody is there')),
  });
  base = await listen(plane);
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const keyOf = (role: 'viewer' | 'operator' | 'admin') => ({ authorization: `Bearer ${plane.keys[role]}` });

async function followed(
  query = '',
  headers: Readonly<Record<string, string>> = keyOf('viewer'),
): Promise<Followed> {
  return follow(base, query, headers);
}

async function metric(name: string): Promise<number> {
  const { text } = await plane.ask('viewer', 'GET', '/metrics');
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

/** Until the server has noticed. */
async function untilFollowers(count: number): Promise<void> {
  await expect.poll(() => metric('loadline_live_followers'), { timeout: 5000 }).toBe(count);
}

describe('the live stream', () => {
  it('tells of tests with their progress', async () => {
    const seen = await followed('?topics=tests');
    expect(seen.status).toBe(200);
    expect(seen.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const body = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
    const { json } = await plane.ask('operator', 'POST', '/performance/tests', { body });
    const run = await plane.runner.begun(0);
    await run.finish('passed');
    await untilState(plane, json.id, 'finished');
    const events = await seen.until(3);
    expect(events.map(({ event }) => event)).toEqual(['tests', 'tests', 'tests']);
    expect(events.map(({ data }) => data.state)).toEqual(['queued', 'running', 'finished']);
    expect(events.at(-1)?.data).toMatchObject({ id: json.id, verdict: 'passed' });
    seen.close();
    await untilFollowers(0);
  });

  it('tells of each step of an alert, and of scaling', async () => {
    const seen = await followed('?topics=alerts,scaling');
    await plane.ask('operator', 'POST', '/performance/alert-rules', { body: deepQueue });
    await measure(plane, 14, 7);
    const steps = await seen.until(2);
    expect(steps.map(({ data }) => [data.change, data.alert.rule])).toEqual([
      ['pending', 'deep-queue'],
      ['fired', 'deep-queue'],
    ]);
    const body = { group: 'shop', replicas: 3, reason: 'sale' };
    await plane.ask('operator', 'POST', '/performance/scaling/manual', { body });
    const decided = (await seen.until(3)).at(-1);
    expect(decided).toMatchObject({ event: 'scaling', data: { group: 'shop', newCapacity: 3 } });
    seen.close();
  });

  it('tells what services do now, as long as somebody listens, and does not keep that', async () => {
    const seen = await followed('?topics=metrics');
    await plane.clock.advance(5000);
    const [now] = await seen.until(1);
    expect(now).toMatchObject({ id: undefined, event: 'metrics' });
    expect(now?.data).toMatchObject([{ service: 'shop', instancesUp: 0, instancesDown: 1 }]);
    seen.close();
    await untilFollowers(0);
    const before = await metric('loadline_live_events_total');
    await plane.clock.advance(20_000);
    expect(await metric('loadline_live_events_total')).toBe(before);
  });

  it('goes on where it was cut short, for who says what was heard last', async () => {
    const first = await followed('?topics=alerts');
    await measure(plane, 4, 1);
    const [resolved] = await first.until(1);
    expect(resolved?.data.change).toBe('resolved');
    first.close();
    await measure(plane, 14, 7);
    const again = await followed('?topics=alerts', {
      ...keyOf('viewer'),
      'last-event-id': resolved?.id ?? '',
    });
    expect((await again.until(2)).map(({ data }) => data.change)).toEqual(['pending', 'fired']);
    expect(again.events.every(({ id }) => id !== undefined && id !== resolved?.id)).toBe(true);
    again.close();
    const other = await followed('?topics=alerts', { ...keyOf('viewer'), 'last-event-id': 'another-run-7' });
    expect(await other.until(1)).toMatchObject([{ event: 'gap', id: again.events.at(-1)?.id }]);
    other.close();
  });

  it('lets a browser follow by its session, until that is closed', async () => {
    const opened = await plane.ask(undefined, 'POST', '/session', { body: { key: plane.keys.viewer } });
    const cookie = String(opened.headers['set-cookie']).split(';')[0] as string;
    const seen = await followed('', { cookie });
    expect(seen.status).toBe(200);
    expect(seen.headers['access-control-allow-origin']).toBeUndefined();
    await plane.clock.advance(15_000);
    await expect.poll(() => seen.text).toContain(': still here');
    const headers = { cookie, 'x-csrf-token': opened.json.csrfToken };
    expect((await plane.ask(undefined, 'DELETE', '/session', { headers })).status).toBe(204);
    await plane.clock.advance(15_000);
    expect(await seen.ended).toBe('ended');
  });

  it('ends for a key that was revoked', async () => {
    const body = { name: 'wall', role: 'viewer' };
    const { json } = await plane.ask('admin', 'POST', '/keys', { body });
    const seen = await followed('', { authorization: `Bearer ${json.secret}` });
    await plane.ask('admin', 'DELETE', `/keys/${json.key.id}`);
    await plane.clock.advance(15_000);
    expect(await seen.ended).toBe('ended');
  });

  it('is not taken for a slow request', async () => {
    await untilFollowers(0);
    const { text } = await plane.ask('viewer', 'GET', '/metrics');
    const sums = text.split('\n').filter((line) => /duration_seconds_sum.*\/performance\/live/.test(line));
    expect(sums.length).toBeGreaterThan(0);
    for (const line of sums) expect(Number(line.split(' ').at(-1))).toBeLessThan(1);
  });

  it('asks for a key, and for topics that there are', async () => {
    expect((await followed('', {})).status).toBe(401);
    const wrong = await plane.ask('viewer', 'GET', '/performance/live?topics=tests,rests');
    expect(wrong.json.errors).toMatchObject([
      {
        pointer: '/topics',
        detail: 'must be some of tests, alerts, scaling, rollouts, metrics, got "rests"',
      },
    ]);
  });

  it('lets a key follow ten times, and no more, and counts nobody who only asked for its head', async () => {
    await untilFollowers(0);
    for (let times = 0; times < 12; times++)
      await fetch(`${base}/performance/live`, { method: 'HEAD', headers: keyOf('viewer') });
    const ten = await Promise.all(Array.from({ length: 10 }, () => followed()));
    const eleventh = await plane.ask('viewer', 'GET', '/performance/live');
    expect(eleventh.status).toBe(429);
    expect(eleventh.headers['retry-after']).toBe('30');
    const other = await followed('', keyOf('admin'));
    expect(other.status).toBe(200);
    for (const each of [...ten, other]) each.close();
    await untilFollowers(0);
  });

  it('cuts off who does not read, and nobody else', async () => {
    const slow = await followed('?topics=tests');
    const quick = await followed('?topics=tests', keyOf('admin'));
    slow.pause();
    const name = 'x'.repeat(100);
    const scenario = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001, name };
    const { json } = await plane.ask('operator', 'POST', '/performance/tests', { body: scenario });
    const run = await plane.runner.begun(1);
    let cutOff = 0;
    for (let turns = 0; turns < 1000 && cutOff === 0; turns++) {
      for (let events = 0; events < 100; events++) run.progress({});
      await new Promise((resolve) => setImmediate(resolve));
      cutOff = await metric('loadline_live_cut_off_total');
    }
    expect(cutOff).toBe(1);
    await run.finish('passed');
    await untilState(plane, json.id, 'finished');
    await expect.poll(() => quick.events.at(-1)?.data.state, { timeout: 10_000 }).toBe('finished');
    slow.close();
    expect(await slow.ended).toBe('aborted');
    quick.close();
    await untilFollowers(0);
  });

  it('ends with the control plane', async () => {
    await using other = await startPlane();
    const seen = await follow(await listen(other), '', { authorization: `Bearer ${other.keys.viewer}` });
    void other.composition.graceful.stop();
    expect(await seen.ended).toBe('ended');
  });

  it('does not let the control plane wait for ever for who does not read', async () => {
    await using other = await startPlane();
    const sockets = new Set<Socket>();
    other.composition.app.server.on('connection', (socket: Socket) => sockets.add(socket));
    const slow = await follow(await listen(other), '?topics=tests', {
      authorization: `Bearer ${other.keys.viewer}`,
    });
    slow.pause();
    const body = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
    await other.ask('operator', 'POST', '/performance/tests', { body });
    const run = await other.runner.begun(0);
    // Until what was sent stays here.
    while (![...sockets].some(({ writableLength }) => writableLength > 0)) {
      for (let events = 0; events < 20; events++) run.progress({});
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const stopping = other.composition.graceful.stop();
    while ([...sockets].some(({ destroyed }) => !destroyed)) await other.clock.advance(1000);
    expect((await stopping).unfinished).toEqual([
      { name: 'GET /performance/live', ageMs: expect.any(Number) },
    ]);
    slow.close();
    expect(await slow.ended).toBe('aborted');
  });
});
