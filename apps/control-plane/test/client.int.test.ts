import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Operation,
  type OperationName,
  operationNames,
  operations,
  schemas,
} from '../src/contract/index.ts';
import type { ServiceDescription } from '../src/scaling/index.ts';
import { at, written } from './intake/written.ts';
import { type Plane, startPlane, untilState } from './plane.ts';

// biome-ignore lint/suspicious/noExplicitAny: what was generated a moment ago has no types here.
type Client = any;

const folder = mkdtempSync(join(tmpdir(), 'loadline-client-'));
const driven = new Set<string>();
const shop: ServiceDescription = {
  name: 'shop',
  command: { command: 'node', environment: {} },
  policy: { replicas: { min: 1, max: 4 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } },
  listen: { host: '127.0.0.1', port: 8080 },
  version: '1.0',
  candidate: { version: '1.1', command: { command: 'node', environment: {} } },
};
let plane: Plane;
let client: Client;

beforeAll(async () => {
  plane = await startPlane({ configuration: { services: [shop] } });
  await plane.composition.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = plane.composition.app.server.address() as AddressInfo;
  client = await generateClient(`http://127.0.0.1:${port}`);
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes a client of what the control plane says of itself, as a stranger would. */
async function generateClient(baseUrl: string): Promise<Client> {
  const { text } = await plane.ask('viewer', 'GET', '/openapi.json');
  writeFileSync(join(folder, 'openapi.json'), text);
  const manifest = createRequire(import.meta.url).resolve('swagger-typescript-api/package.json');
  const bin = join(dirname(manifest), 'dist/cli.mjs');
  const words = [
    'generate',
    '-p',
    join(folder, 'openapi.json'),
    '-o',
    folder,
    '-n',
    'client',
    '--js',
    '--silent',
  ];
  execFileSync(process.execPath, [bin, ...words]);
  const { Api } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'client.js')).href);
  return new Api({
    baseUrl,
    baseApiParams: { headers: { authorization: `Bearer ${plane.keys.admin}` } },
    customFetch,
  });
}

const ajv = new Ajv2020({ validateFormats: false, allowUnionTypes: true });
for (const schema of schemas) ajv.addSchema(schema);
const validators = new Map<string, ValidateFunction>();

/** Notes which operation was asked for, and holds its answer against the contract. */
async function customFetch(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const name = operationOf(options.method ?? 'GET', new URL(url).pathname);
  driven.add(name);
  const { schema } = (operations[name] as Operation).responses[response.status] ?? {};
  if (schema === undefined || !/json/.test(response.headers.get('content-type') ?? '')) return response;
  const key = `${name} ${response.status}`;
  const validate = validators.get(key) ?? ajv.compile(schema);
  validators.set(key, validate);
  expect(validate(await response.clone().json()), `${key}: ${ajv.errorsText(validate.errors)}`).toBe(true);
  return response;
}

function operationOf(method: string, path: string): OperationName {
  const fits = (name: OperationName): boolean => {
    const pattern = operations[name].path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+');
    return operations[name].method === method && new RegExp(`^${pattern}$`).test(path);
  };
  // What is spelt out goes before what has a parameter.
  const [name] = operationNames.filter(fits).toSorted((a, b) => place(a) - place(b));
  if (name === undefined) throw new Error(`The client asked for ${method} ${path}`);
  return name;
}

function place(name: OperationName): number {
  return operations[name].path.includes('{') ? 1 : 0;
}

describe('a client that was generated from the OpenAPI document', () => {
  it('drives every operation', async () => {
    const { health, metrics, openapiJson, docs, session, keys, audit, performance, instances } = client;
    expect((await health.isAlive()).data).toEqual({ status: 'ok' });
    expect((await health.isReady()).data).toEqual({ status: 'ok' });
    expect(await (await metrics.getOwnMetrics()).text()).toContain('http_requests_total');
    expect((await openapiJson.getOpenApi()).data.openapi).toBe('3.1.0');
    expect(await (await docs.getApiPage()).text()).toContain('<!doctype html>');

    expect((await session.openSession({ key: plane.keys.viewer })).data.csrfToken).toBeDefined();
    expect((await session.getSession()).data.role).toBe('admin');
    const unclosed = await session.closeSession().catch((refusal: Response) => refusal);
    expect(unclosed.status, 'who asks with a key has no session').toBe(409);

    const made = await keys.createKey({ name: 'made by the client', role: 'viewer' });
    expect((await keys.revokeKey(made.data.key.id)).data.state).toBe('revoked');
    expect((await keys.listKeys()).data.items.length).toBeGreaterThan(3);

    const order = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
    const started = await performance.startTest(order, { headers: { 'Idempotency-Key': 'once' } });
    const { id } = started.data;
    await (await plane.runner.begun(0)).finish('passed');
    await untilState(plane, id, 'finished');
    expect((await performance.getTest(id)).data.verdict).toBe('passed');
    expect((await performance.getTestResults(id, { format: 'json' })).data.verdict.status).toBe('passed');
    expect((await performance.listTests({ limit: 5, state: 'finished' })).data.items).toHaveLength(1);
    const second = await performance.startTest(order);
    expect((await performance.cancelTest(second.data.id)).data.state).toMatch(/^cancel/);

    const nightly = await performance.createSchedule({ name: 'nightly', cron: '0 3 * * *', test: order });
    expect((await performance.listSchedules()).data.items).toHaveLength(1);
    expect((await performance.deleteSchedule(nightly.data.id)).status).toBe(204);
    const change = { group: 'shop', policy: 'foodshare/api_servers', version: 1 };
    expect((await performance.configureScaling(change)).data.version).toBe(2);
    expect((await performance.scaleManually({ group: 'shop', replicas: 3 })).data.fleet.wanted).toBe(3);
    expect((await performance.endManualScaling('shop')).data.manual).toBeUndefined();
    // What runs the group here is only told of, and replaces nothing.
    const refused = (thrown: { readonly status: number }): number => thrown.status;
    expect(await performance.restartInstances({ group: 'shop' }).catch(refused)).toBe(409);
    expect(await performance.endRestart('shop').catch(refused)).toBe(409);
    expect((await performance.getScalingStatus()).data.items).toHaveLength(1);
    expect((await performance.listScalingEvents({ limit: 1 })).data.items[0].newCapacity).toBe(3);
    const decisions = await performance.listScalingDecisions({ group: 'shop', limit: 1 });
    expect(decisions.data.items[0]?.reason).toContain('shop');

    const profile = { instance: 'control-plane', kind: 'cpu', durationMs: 60_000 };
    const profiled = (await performance.startProfiling(profile)).data;
    expect((await performance.stopProfiling({ sessionId: profiled.id })).data.state).toBe('finished');
    expect((await performance.listProfilingSessions({ state: 'finished' })).data.items).toHaveLength(1);
    expect((await performance.getProfilingSession(profiled.id)).data.overhead.startStopCpuMs).toBeGreaterThan(
      0,
    );
    expect((await performance.getProfile(profiled.id, { format: 'top' })).data.unit).toBe('microseconds');

    await driveRollouts(performance);
    await driveIntake(performance);
    await driveMetrics(performance);
    await driveAlerts(performance);
    const stream = await performance.streamLive({ topics: 'tests' });
    expect(new TextDecoder().decode((await stream.body.getReader().read()).value)).toContain('retry:');

    // The profile of this very process is among what is looked at: on a busy machine it may say something.
    const { items, reason } = (await performance.listRecommendations()).data;
    if (items.length === 0) expect(reason).toContain('Looked at');
    else expect(items[0].evidence.length).toBeGreaterThan(0);

    expect((await audit.listAudit({ limit: 5 })).data.items).toHaveLength(5);

    const registered = await instances.registerInstance({ service: 'shop', url: 'http://127.0.0.1:9' });
    expect((await instances.beatInstance(registered.data.id)).data.instance).toBe('127.0.0.1:9');
    expect((await instances.removeInstance(registered.data.id)).status).toBe(204);
    expect((await instances.listInstances({ state: 'up' })).data.items).toEqual([]);

    expect([...driven].toSorted()).toEqual([...operationNames].toSorted());
  });

  async function driveRollouts(performance: Client): Promise<void> {
    const { data } = await performance.startRollout({ service: 'shop', candidate: '1.1' });
    expect(data).toMatchObject({ id: 'shop-1.1', phase: 'preparing', baseline: '1.0', share: 0 });
    expect((await performance.pauseRollout(data.id, { reason: 'lunch' })).data.pausedBy).toBe('person');
    expect((await performance.resumeRollout(data.id, {})).data.phase).toBe('preparing');
    expect((await performance.promoteRollout(data.id, { all: true })).data.step).toBe(4);
    expect((await performance.rollBackRollout(data.id, { reason: 'tested' })).data.phase).toBe(
      'rolling back',
    );
    expect((await performance.getRollout(data.id)).data.log.at(-1).reason).toContain(
      'admin wants it back: tested',
    );
    expect((await performance.listRollouts({ service: 'shop' })).data.items).toHaveLength(1);
  }

  async function driveIntake(performance: Client): Promise<void> {
    const sample = { metric: 'meals_saved', service: 'shop', value: 3, at: '1970-01-01T00:00:00Z' };
    expect((await performance.writeMetrics({ samples: [sample] })).data.accepted).toBe(1);
    expect(plane.store.samples.at(-1)).toMatchObject({ value: 3, atMs: 0, series: { unit: 'count' } });
    const page = await performance.writeMetricsText({ service: 'shop' }, 'ovens 2\n');
    expect(page.data.accepted).toBe(1);
    // What is neither JSON nor text has to be explained to the generated client.
    const type = 'application/x-protobuf';
    client.contentFormatters[type] = (bytes: Uint8Array) => bytes;
    const request = written(at(0, 5, { __name__: 'ovens', job: 'shop' }));
    const how = { type, headers: { 'content-encoding': 'snappy' } };
    expect((await performance.remoteWriteMetrics(request, how)).data.accepted).toBe(1);
    expect(plane.store.samples.at(-1)).toMatchObject({ value: 5, series: { service: 'shop' } });
  }

  async function driveMetrics(performance: Client): Promise<void> {
    expect((await performance.getMetrics({ by: 'instance' })).data.items).toEqual([]);
    const series = { service: 'bar', instance: 'a' };
    const atMs = plane.clock.now() - 1000;
    await plane.store.metrics.write([
      { series: { ...series, metric: 'cpu_ratio', unit: 'ratio' }, atMs, value: 0.5 },
      { series: { ...series, metric: 'memory_bytes', unit: 'bytes' }, atMs, value: 1000 },
    ]);
    const asked = { service: 'bar', by: 'instance' };
    const [cpu] = (await performance.getCpuMetrics(asked)).data.figures;
    expect(cpu).toMatchObject({ name: 'cpuRatio', lines: [{ name: 'a', points: [{ mean: 0.5 }] }] });
    const memory = await performance.getMemoryMetrics({ ...asked, figures: 'memoryBytes' });
    expect(memory.data.figures).toMatchObject([{ name: 'memoryBytes', unit: 'bytes' }]);
    for (const name of ['Network', 'Database', 'Cache', 'EventLoop', 'Request', 'WebVital'])
      expect((await performance[`get${name}Metrics`]()).data.figures).toEqual([]);
    const custom = await performance.getMetricSeries({ metric: 'meals_saved', from: '1969-12-31T23:59:00Z' });
    expect(custom.data.figures[0].lines[0].points[0].last).toBe(3);
    expect((await performance.listMetricNames({ limit: 1 })).data.nextCursor).toBeDefined();
  }

  async function driveAlerts(performance: Client): Promise<void> {
    const written = { name: 'deep-queue', metric: 'queue_depth', above: { critical: 10 }, for: '2s' };
    expect((await performance.createAlertRule(written)).data.version).toBe(1);
    const calm = { rule: { ...written, summary: '{{value}} wait' }, version: 1 };
    expect((await performance.replaceAlertRule('deep-queue', calm)).data.version).toBe(2);
    expect((await performance.listAlertRules()).data.items.length).toBeGreaterThan(8);
    const series = { metric: 'queue_depth', unit: 'count', service: 'shop', instance: 'a' };
    for (let second = 0; second < 6; second++) {
      await plane.store.metrics.write([{ series, atMs: plane.clock.now(), value: 11 }]);
      await plane.clock.advance(1000);
    }
    const [alert] = (await performance.listAlerts({ rule: 'deep-queue', state: 'firing' })).data.items;
    expect((await performance.getAlert(alert.fingerprint)).data.summary).toBe('11 wait');
    expect((await performance.acknowledgeAlert(alert.fingerprint)).data.acknowledged.by).toBe('admin');
    const silence = { match: { rule: 'deep-queue' }, for: '1h', why: 'tested' };
    const silenced = (await performance.createSilence(silence)).data;
    expect((await performance.listSilences()).data.items).toHaveLength(1);
    expect((await performance.endSilence(silenced.id)).status).toBe(204);
    const incident = alert.incidentId;
    expect((await performance.listIncidents({ taken: true })).data.items[0].id).toBe(incident);
    expect((await performance.takeIncident(incident, { assignee: 'Ada' })).data.taken.by).toBe('Ada');
    await performance.noteIncident(incident, { text: 'looking' });
    expect((await performance.getIncident(incident)).data.timeline.at(-1).text).toBe('looking');
    expect((await performance.deleteAlertRule('deep-queue')).status).toBe(204);
    expect((await performance.judgeTargets({ preset: 'guide', service: 'none' })).data.items).toEqual([]);
  }

  it('gets a refusal as a problem document', async () => {
    const refusal = await client.performance
      .startTest({ profile: 'peek' })
      .catch((thrown: unknown) => thrown);
    expect(refusal.status).toBe(422);
    expect(refusal.error.code).toBe('CONTROL_PLANE_SCENARIO_INVALID');
  });
});
