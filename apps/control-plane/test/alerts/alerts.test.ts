import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../memory-store.ts';
import { type Plane, startPlane } from '../plane.ts';
import { deepQueue, measure, toldChanges } from './watched-plane.ts';

const rulesPath = '/performance/alert-rules';

async function watched(): Promise<Plane> {
  const plane = await startPlane();
  expect((await plane.ask('operator', 'POST', rulesPath, { body: deepQueue })).status).toBe(201);
  return plane;
}

describe('alerts', () => {
  it('fire once a limit was passed for long enough, within five seconds more, and are over when it is not', async () => {
    await using plane = await watched();
    await measure(plane, 5, 7);
    const pending = await plane.ask('viewer', 'GET', '/performance/alerts');
    expect(pending.json.items).toMatchObject([
      {
        rule: 'deep-queue',
        state: 'pending',
        severity: 'warning',
        value: 7,
        limit: 5,
        labels: { instance: 'a' },
      },
    ]);
    expect(toldChanges(plane.log)).toEqual([]);
    await measure(plane, 10, 7);
    expect(toldChanges(plane.log)).toEqual(['deep-queue fired']);
    const { json } = await plane.ask('viewer', 'GET', '/performance/alerts?state=firing');
    expect(json.items).toMatchObject([{ runbook: deepQueue.runbook, firedAt: expect.any(String) }]);
    await measure(plane, 4, 1);
    expect(toldChanges(plane.log)).toEqual(['deep-queue fired', 'deep-queue resolved']);
    expect((await plane.ask('viewer', 'GET', '/performance/alerts')).json.items).toEqual([]);
  });

  it('are found by how they stand, a page at a time', async () => {
    await using plane = await watched();
    for (const service of ['a', 'b', 'c']) await measure(plane, 1, 12, { service });
    await plane.clock.advance(4000);
    const list = async (query: string) =>
      (await plane.ask('viewer', 'GET', `/performance/alerts?${query}`)).json;
    const first = await list('limit=2');
    expect(first.items).toHaveLength(2);
    const second = await list(`limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map(({ labels }) => labels.service).toSorted()).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(second.nextCursor).toBeUndefined();
    expect((await list('service=b&severity=critical')).items).toHaveLength(1);
    expect((await list('state=firing')).items).toEqual([]);
    expect((await list('rule=other')).items).toEqual([]);
    expect((await list('silenced=true')).items).toEqual([]);
    const wrong = await plane.ask('viewer', 'GET', '/performance/alerts?cursor=x');
    expect(wrong.json.errors).toMatchObject([{ in: 'query', pointer: '/cursor' }]);
  });

  it('come of the built-in rules, where nothing else was said', async () => {
    await using plane = await startPlane();
    const series = { metric: 'latency_ms', unit: 'ms', service: 'shop', endpoint: 'GET /', instance: 'a' };
    for (let second = 0; second < 64; second++) {
      await plane.store.metrics.write([{ series, atMs: plane.clock.now(), value: 3000 }]);
      await plane.clock.advance(1000);
    }
    const { json } = await plane.ask('viewer', 'GET', '/performance/alerts?severity=critical&state=firing');
    expect(json.items.map(({ rule }: { rule: string }) => rule).toSorted()).toEqual([
      'latency-p50',
      'latency-p95',
      'latency-p99',
    ]);
    // Alerts of one service are told together.
    expect(plane.log).toHaveLength(1);
  });

  it('are known after a restart, and none is told anew', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    const home = { clock, store };
    {
      await using plane = await startPlane(home);
      await plane.ask('operator', 'POST', rulesPath, { body: deepQueue });
      await measure(plane, 20, 7);
      const silence = { match: { service: 'mail' }, for: '1h', why: 'moving it' };
      await plane.ask('operator', 'POST', '/performance/silences', { body: silence });
      expect(toldChanges(plane.log)).toEqual(['deep-queue fired']);
    }
    await using plane = await startPlane(home);
    await measure(plane, 20, 7);
    expect(toldChanges(plane.log)).toEqual([]);
    const { json } = await plane.ask('viewer', 'GET', '/performance/alerts');
    expect(json.items).toMatchObject([{ rule: 'deep-queue', state: 'firing' }]);
    expect((await plane.ask('viewer', 'GET', '/performance/silences')).json.items).toHaveLength(1);
    await measure(plane, 4, 1);
    expect(toldChanges(plane.log)).toEqual(['deep-queue resolved']);
    const incidents = await plane.ask('viewer', 'GET', '/performance/incidents');
    expect(incidents.json.items).toMatchObject([{ state: 'resolved', firingCount: 0 }]);
  });

  it('stay as they are while nothing can be read, which shows', async () => {
    await using plane = await watched();
    await measure(plane, 20, 7);
    const { summaries } = plane.store.metrics;
    Object.assign(plane.store.metrics, { summaries: () => Promise.reject(new Error('away')) });
    await plane.clock.advance(10_000);
    expect((await plane.ask('viewer', 'GET', '/performance/alerts')).json.items).toHaveLength(1);
    const metrics = (await plane.ask('viewer', 'GET', '/metrics')).text;
    expect(metrics).toMatch(/^loadline_alert_reads_failed_total [45]$/m);
    expect(metrics).toContain('loadline_alerts{state="firing",severity="warning"} 1');
    expect(metrics).toContain('loadline_notifications_total{notifier="log",outcome="delivered"} 1');
    Object.assign(plane.store.metrics, { summaries });
  });
});

describe('silences', () => {
  it('keep alerts from being told until they end', async () => {
    await using plane = await watched();
    const body = { match: { service: 'shop', severity: 'warning' }, for: '30s', why: 'moving the database' };
    const made = await plane.ask('operator', 'POST', '/performance/silences', { body });
    expect(made.json).toMatchObject({ match: { service: ['shop'] }, by: 'operator', why: body.why });
    await measure(plane, 20, 7);
    expect(toldChanges(plane.log)).toEqual([]);
    const [alert] = (await plane.ask('viewer', 'GET', '/performance/alerts?silenced=true')).json.items;
    expect(alert).toMatchObject({ state: 'firing', silencedBy: made.json.id });
    const { status } = await plane.ask('operator', 'DELETE', `/performance/silences/${made.json.id}`);
    expect(status).toBe(204);
    await measure(plane, 3, 7);
    expect(toldChanges(plane.log)).toEqual(['deep-queue fired']);
    expect((await plane.ask('operator', 'DELETE', `/performance/silences/${made.json.id}`)).status).toBe(404);
  });

  it('are refused with every mistake', async () => {
    await using plane = await startPlane();
    const body = { match: {}, for: 'long', why: 'x' };
    const { status, json } = await plane.ask('operator', 'POST', '/performance/silences', { body });
    expect(status).toBe(400);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/match', '/for']);
  });
});

describe('incidents', () => {
  it('are opened by alerts, taken by somebody, noted on, and over with their last alert', async () => {
    await using plane = await watched();
    await measure(plane, 14, 7);
    const list = async (query = '') =>
      (await plane.ask('viewer', 'GET', `/performance/incidents?${query}`)).json.items;
    const [incident] = await list('state=open&taken=false');
    expect(incident).toMatchObject({ service: 'shop', severity: 'warning', alertCount: 1, level: 0 });
    const path = `/performance/incidents/${incident.id}`;
    const [{ fingerprint, incidentId }] = (await plane.ask('viewer', 'GET', '/performance/alerts')).json
      .items;
    expect(incidentId).toBe(incident.id);

    const known = await plane.ask('operator', 'POST', `/performance/alerts/${fingerprint}/acknowledge`);
    expect(known.json.acknowledged.by).toBe('operator');
    const taken = await plane.ask('operator', 'POST', `${path}/take`, { body: { assignee: 'Ada' } });
    expect(taken.json).toMatchObject({ taken: { by: 'Ada' }, timeToAcknowledgeMs: expect.any(Number) });
    await plane.ask('operator', 'POST', `${path}/notes`, { body: { text: 'the mailer hangs' } });
    await measure(plane, 4, 1);

    const { json } = await plane.ask('viewer', 'GET', path);
    expect(json).toMatchObject({ state: 'resolved', firingCount: 0, runbooks: [deepQueue.runbook] });
    expect(json.timeToRecoveryMs).toBeGreaterThan(10_000);
    expect(json.timeline.map(({ what }: { what: string }) => what)).toEqual([
      'opened',
      'alert',
      'taken',
      'taken',
      'note',
      'alert',
      'resolved',
    ]);
    expect((await list('state=resolved&severity=warning&service=shop')).length).toBe(1);
    expect((await plane.ask('operator', 'POST', `${path}/notes`, { body: { text: 'late' } })).status).toBe(
      409,
    );
    expect((await plane.ask('operator', 'POST', `${path}/take`, { body: {} })).status).toBe(409);
    expect((await plane.ask('viewer', 'GET', '/performance/incidents/0123')).status).toBe(404);
    const gone = await plane.ask('operator', 'POST', `/performance/alerts/${fingerprint}/acknowledge`);
    expect(gone.status).toBe(404);
  });
});

describe('rules', () => {
  const named = async (plane: Plane, name: string) =>
    (await plane.ask('viewer', 'GET', rulesPath)).json.items.find(
      (rule: { name: string }) => rule.name === name,
    );

  it('are built in, and may be replaced and come back', async () => {
    await using plane = await startPlane();
    expect(await named(plane, 'throughput')).toMatchObject({
      origin: 'preset',
      version: 0,
      direction: 'below',
    });
    const rule = { name: 'throughput', metric: 'requests', statistic: 'rate', below: { critical: 20 } };
    const put = (body: object, headers = {}) =>
      plane.ask('operator', 'PUT', `${rulesPath}/throughput`, { body, headers });
    const replaced = await put({ rule, version: 0 });
    expect(replaced.json).toMatchObject({ origin: 'api', version: 1, written: rule });
    expect(replaced.headers.etag).toBe('"1"');
    expect((await put({ rule, version: 7 })).status).toBe(409);
    expect((await put({ rule }, { 'if-match': '"1"' })).json.version).toBe(2);
    expect((await put({ rule, version: 1 }, { 'if-match': '"2"' })).status).toBe(400);
    expect((await plane.ask('operator', 'DELETE', `${rulesPath}/throughput`)).status).toBe(204);
    expect(await named(plane, 'throughput')).toMatchObject({ origin: 'preset' });
    expect((await plane.ask('operator', 'DELETE', `${rulesPath}/throughput`)).status).toBe(409);
  });

  it('are there after a restart, with what was written', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    {
      await using plane = await startPlane({ clock, store });
      await plane.ask('operator', 'POST', rulesPath, { body: deepQueue });
    }
    await using plane = await startPlane({ clock, store });
    expect(await named(plane, 'deep-queue')).toMatchObject({ origin: 'api', version: 1, written: deepQueue });
  });

  it('that go take their alerts with them', async () => {
    await using plane = await watched();
    await measure(plane, 14, 7);
    await plane.ask('operator', 'DELETE', `${rulesPath}/deep-queue`);
    await plane.clock.advance(3000);
    expect(toldChanges(plane.log)).toEqual(['deep-queue fired', 'deep-queue resolved']);
  });

  it('are refused with the place of each mistake', async () => {
    await using plane = await watched();
    const wrong = { name: '9', metric: 'm', statistic: 'ratio', above: { warning: 'a lot' } };
    const created = await plane.ask('operator', 'POST', rulesPath, { body: wrong });
    const pointers = ({ json }: { json: { errors: { pointer: string }[] } }) =>
      json.errors.map(({ pointer }) => pointer).toSorted();
    expect(created.status).toBe(400);
    expect(pointers(created)).toEqual(['/above/warning', '/name', '/of']);
    const replaced = await plane.ask('operator', 'PUT', `${rulesPath}/deep-queue`, { body: { rule: wrong } });
    expect(pointers(replaced)).toEqual(['/rule/above/warning', '/rule/name', '/rule/of']);
    const renamed = { rule: { ...deepQueue, name: 'other' } };
    const other = await plane.ask('operator', 'PUT', `${rulesPath}/deep-queue`, { body: renamed });
    expect(pointers(other)).toEqual(['/rule/name']);
    expect((await plane.ask('operator', 'POST', rulesPath, { body: deepQueue })).status).toBe(409);
    const unknown = { rule: { ...deepQueue, name: 'unknown' } };
    expect((await plane.ask('operator', 'PUT', `${rulesPath}/unknown`, { body: unknown })).status).toBe(404);
  });
});

describe('targets', () => {
  it('are met, missed, or not applicable', async () => {
    await using plane = await startPlane();
    await measure(plane, 5, 2000, { metric: 'requests', unit: 'rps' });
    await measure(plane, 5, 1700, { metric: 'latency_ms', unit: 'ms' });
    await measure(plane, 1, 1, { metric: 'requests', unit: 'rps', service: 'mail' });
    const { json } = await plane.ask('viewer', 'GET', '/performance/targets?service=shop');
    expect(json.preset).toBe('foodshare');
    expect(json.items).toHaveLength(1);
    const verdicts = Object.fromEntries(
      json.items[0].targets.map((target: { metric: string; verdict: string }) => [
        target.metric,
        target.verdict,
      ]),
    );
    expect(verdicts).toMatchObject({
      latencyMsP95: 'missed',
      latencyMsP99: 'met',
      ratePerSecond: 'met',
      errorRatio: 'met',
      cacheHitRatio: 'not applicable',
    });
    expect((await plane.ask('viewer', 'GET', '/performance/targets?preset=guide')).json.items).toHaveLength(
      2,
    );
  });
});
