import { createVirtualClock, systemClock } from 'loadline/base';
import {
  createPrometheusReadings,
  createScalingMemory,
  createSimulatedDriver,
  openScaler,
  type ReadingsPort,
  type ScalingReading,
  type WantedMetric,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { cpu as cpuOf, external, hpaObject } from '../hpa/stage.ts';
import { type FakePrometheus, startFakePrometheus } from './fake-prometheus.ts';

const { signal } = new AbortController();
const cpu: WantedMetric = { metric: 'cpuRatio', of: 'per replica', merge: 'mean' };
const depth: WantedMetric = { metric: 'queueDepth', of: 'of the group', merge: 'sum' };
const age: WantedMetric = { metric: 'queueAgeMs', of: 'of the group', merge: 'max' };

function readings({ url }: Pick<FakePrometheus, 'url'>): ReadingsPort {
  const queries = { api: { cpuRatio: 'cpu', queueDepth: 'depth', queueAgeMs: 'age' } };
  return createPrometheusReadings({ url: new URL(url), queries });
}

describe('readings from Prometheus', () => {
  it('makes one value of many series, as the metric wants it', async () => {
    await using prometheus = await startFakePrometheus();
    for (const query of ['cpu', 'depth', 'age']) prometheus.answers.set(query, [0.25, 0.75]);
    const read = await readings(prometheus).read('api', [cpu, depth, age], signal);
    expect(read).toMatchObject({
      cpuRatio: { value: 0.5, count: 2 },
      queueDepth: { value: 1, count: 2 },
      queueAgeMs: { value: 0.75, count: 2 },
    });
    expect(Math.abs((read.cpuRatio as ScalingReading).atMs - Date.now())).toBeLessThan(60_000);
  });

  it('says of what is not there or not understood what was asked and answered, and keeps what is', async () => {
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [0.5]);
    prometheus.answers.set('depth', []);
    expect(await readings(prometheus).read('api', [cpu, depth, age], signal)).toEqual({
      cpuRatio: { value: 0.5, atMs: expect.any(Number), count: 1 },
      queueDepth: { because: 'Prometheus has no series for depth' },
      queueAgeMs: { because: 'Prometheus answered 400 to age: parse error' },
    });
    expect(await readings(prometheus).read('other', [cpu], signal)).toEqual({});
  });

  it('is told in the reason of a decision', async () => {
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [0.1]);
    prometheus.answers.set('depth', []);
    const clock = createVirtualClock(systemClock.now());
    await using scaler = await openScaler({
      clock,
      driver: createSimulatedDriver({ clock, groups: { api: 3 } }),
      readings: readings(prometheus),
      memory: createScalingMemory(),
    });
    const metrics = {
      cpuRatio: { target: 0.5 },
      queueDepth: { scaleOutAbove: 5 },
      queueAgeMs: { target: 9 },
    };
    await scaler.configure('api', { policy: { replicas: { min: 1, max: 5 }, metrics }, changedBy: 'ada' });
    const round = await scaler.round('api');
    expect(round).toMatchObject({
      decision: {
        action: 'hold',
        reason:
          'Hold api at 3: queueDepth was not measured: Prometheus has no series for depth, queueAgeMs was not measured: ' +
          'Prometheus answered 400 to age: parse error; nothing is taken away unseen.',
      },
    });
    // Nothing came that could be set aside.
    expect(scaler.status('api').counts).toMatchObject({ setAside: 0 });
  });

  it('is told of an autoscaler object, too, also of what is measured of each instance', async () => {
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('depth', [1]);
    const clock = createVirtualClock(systemClock.now());
    await using scaler = await openScaler({
      clock,
      driver: createSimulatedDriver({ clock, groups: { api: 3 } }),
      readings: createPrometheusReadings({
        url: new URL(prometheus.url),
        queries: { api: { cpuRatio: 'cpu', 'custom:depth': 'depth' } },
      }),
      memory: createScalingMemory(),
    });
    const depthOfAll = external('depth', { type: 'Value', value: '1' });
    await scaler.configure('api', {
      policy: hpaObject({ metrics: [cpuOf(50), depthOfAll] }),
      changedBy: 'ada',
    });
    expect(await scaler.round('api')).toMatchObject({
      decision: {
        proposals: [
          { because: 'cannot be had: was not measured: Prometheus answered 400 to cpu: parse error' },
          { says: 'stay' },
        ],
      },
    });
  });

  it('hands on what is no number, for the scaler to set aside', async () => {
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', ['NaN']);
    prometheus.answers.set('depth', ['+Inf']);
    expect(await readings(prometheus).read('api', [cpu, depth], signal)).toMatchObject({
      cpuRatio: { value: Number.NaN },
      queueDepth: { value: Number.POSITIVE_INFINITY },
    });
  });

  it('leaves what can be no value of one series out of a mean, and counts it; of a sum the rest would say too little', async () => {
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [0.9, -0.9, 'NaN', 0.7]);
    prometheus.answers.set('depth', [7, -5]);
    const source = readings(prometheus);
    const read = await source.read('api', [cpu, depth], signal);
    expect(read).toMatchObject({ cpuRatio: { count: 2, setAside: 2 }, queueDepth: { value: -5 } });
    expect((read.cpuRatio as ScalingReading).value).toBeCloseTo(0.8);
    await using scaler = await openScaler({
      clock: createVirtualClock(systemClock.now()),
      driver: createSimulatedDriver({ clock: systemClock, groups: { api: 3 } }),
      readings: source,
      memory: createScalingMemory(),
    });
    const metrics = { cpuRatio: { target: 0.5 }, queueDepth: { target: 5 } };
    await scaler.configure('api', { policy: { replicas: { min: 1, max: 9 }, metrics }, changedBy: 'ada' });
    expect(await scaler.round('api')).toMatchObject({ decision: { to: 5 } });
    const { rounds, setAside } = scaler.status('api').counts;
    expect(setAside).toBe(3 * rounds);
    // Those that were left out may be the ones that have much to do.
    prometheus.answers.set('cpu', [0.1, 'NaN', 0.1]);
    prometheus.answers.set('depth', [0]);
    const { version } = await scaler.configure('api', {
      policy: { replicas: { min: 1, max: 9 }, scaleIn: { cooldown: 0 }, metrics },
      changedBy: 'ada',
    });
    expect(version).toBe(2);
    expect(await scaler.round('api')).toMatchObject({
      decision: {
        action: 'hold',
        reason: expect.stringMatching(
          /below its target of 50 %, without 1 that told nothing to go by; nothing is taken away unseen/,
        ),
      },
    });
  });

  it('sends a user and a password as they are sent, and tells neither', async () => {
    const prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [1]);
    const url = prometheus.url.replace('//', '//ada:s%40cret@');
    await readings({ url }).read('api', [cpu], signal);
    expect(prometheus.authorization).toBe(`Basic ${Buffer.from('ada:s@cret').toString('base64')}`);
    await prometheus[Symbol.asyncDispose]();
    const refused = await readings({ url }).read('api', [cpu], signal).catch(String);
    expect(refused).toMatch(
      /^Error: Prometheus at 127\.0\.0\.1:\d+ cannot be reached: nobody listens there; look whether it runs, and at which port/,
    );
  });

  it('reads no answer that has no end', async () => {
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [1]);
    prometheus.isEndless = true;
    await expect(readings(prometheus).read('api', [cpu], signal)).rejects.toThrow(
      'Prometheus answered to cpu with more than 50 MB',
    );
  });

  it('says what it found where something else answers, and where it asked', async () => {
    await using prometheus = await startFakePrometheus();
    const { host } = new URL(prometheus.url);
    const found = (instead: FakePrometheus['instead']): Promise<string> => {
      prometheus.instead = instead;
      return readings({ url: prometheus.url.replace('//', '//ada:s@').concat('/base/') })
        .read('api', [cpu], signal)
        .then(String, String);
    };
    expect(await found({ status: 200, type: 'text/html; charset=utf-8', body: '<h1>Hi</h1>' })).toBe(
      `Error: ${host}/base does not answer like a Prometheus: to cpu came 200 with text/html that is no JSON; its address is what stands before /api/v1/query`,
    );
    expect(await found({ status: 503, body: 'no healthy upstream' })).toBe(
      `Error: Prometheus at ${host}/base answered 503 to cpu, with something that is no JSON`,
    );
    for (const body of ['{"title":"Not Found"}', '[]', 'null', '7'])
      expect(await found({ status: 404, type: 'application/json', body })).toContain(
        'came 404 with JSON of another kind',
      );
  });

  it('fails where nothing can be had at all', async () => {
    await using prometheus = await startFakePrometheus();
    await expect(readings(prometheus).read('api', [cpu, depth], signal)).rejects.toThrow(
      'Prometheus answered 400 to cpu: parse error',
    );
  });
});
