import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type Plane, startPlane } from '../plane.ts';

const leap = '2016-12-31T23:59:60Z';
/** The time between two years, as people may write it. */
const newYear = ['2017-01-01T05:00:00+05', '2016-12-31T18:59:60-05:00', leap];

let plane: Plane;

beforeEach(async () => {
  plane = await startPlane({
    configuration: {
      services: [
        {
          name: 'shop',
          command: { command: 'node', environment: {} },
          policy: { replicas: { min: 2, max: 6 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } },
        },
      ],
    },
  });
});

afterEach(async () => {
  await plane[Symbol.asyncDispose]();
});

function get(path: string, query: Readonly<Record<string, string>>): Promise<Answer> {
  return plane.ask('viewer', 'GET', `${path}?${new URLSearchParams(query)}`);
}

describe('a time with a leap second, or with a zone of whole hours', () => {
  it.each(newYear)('begins a chart: %s', async (from) => {
    const { status, json } = await get('/performance/metrics/cpu', { from, to: '2017-01-01T01:00:00Z' });
    expect([status, json.from]).toEqual([200, '2017-01-01T00:00:00.000Z']);
  });

  it.each(newYear)('bounds what was decided and done: %s', async (time) => {
    const group = 'shop';
    const decisions = '/performance/scaling/decisions';
    const all = (await get(decisions, { group, from: time })).json.items;
    expect(all.length).toBeGreaterThan(0);
    for (const query of [{ to: time }, { at: time }]) {
      const { status, json } = await get(decisions, { group, ...query });
      expect([status, json.items]).toEqual([200, []]);
    }
    await plane.store.scalingEvents.append({
      scalingGroup: 'shop',
      scalingAction: 'restart',
      previousCapacity: 2,
      newCapacity: 2,
      triggerMetric: 'manual',
      triggerValue: 2,
      thresholdValue: 2,
      atMs: Date.UTC(2017, 0, 1),
      detail: {},
    });
    const history = '/performance/scaling/history';
    expect((await get(history, { from: time, action: 'restart' })).json.items).toHaveLength(1);
    expect((await get(history, { to: time })).json.items).toHaveLength(0);
  });

  it.each(newYear)('ends a key: %s', async (expiresAt) => {
    const body = { name: 'pipeline', role: 'operator', expiresAt };
    expect(await plane.ask('admin', 'POST', '/keys', { body })).toMatchObject({
      status: 400,
      json: { detail: '/expiresAt must be in the future.' },
    });
  });

  it.each(newYear)('is that of a sample: %s', async (at) => {
    const samples = [{ metric: 'meals_saved', service: 'shop', value: 3, at }];
    expect((await plane.ask('operator', 'POST', '/performance/metrics', { body: { samples } })).status).toBe(
      200,
    );
    const [sample] = plane.store.samples.filter(({ series }) => series.metric === 'meals_saved');
    expect(sample?.atMs).toBe(Date.UTC(2017, 0, 1));
  });
});

describe('a time that no clock shows', () => {
  it('is refused, also where a schema lets it through', async () => {
    const at = '2026-06-06T28:59:60+05:00';
    for (const path of ['/performance/scaling/history', '/performance/metrics/cpu'])
      expect(await get(path, { from: at })).toMatchObject({
        status: 400,
        json: { code: 'CONTROL_PLANE_REQUEST_INVALID', detail: expect.stringContaining(at) },
      });
  });
});
