import fc from 'fast-check';
import { createHistogram, Histogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import type { LanePoint } from '../../../src/load/measure/lane.ts';
import { Recorder } from '../../../src/load/measure/recorder.ts';

const rising = fc
  .array(
    fc.record({
      atMs: fc.nat(200_000),
      latencyMs: fc.nat(5000),
      serviceMs: fc.nat(5000),
      isError: fc.boolean(),
      lane: fc.nat(2),
    }),
    { minLength: 1, maxLength: 200 },
  )
  .map((records) => records.toSorted((a, b) => a.atMs - b.atMs));

describe('the time line', () => {
  it('keeps every count and latency when its intervals double', () => {
    fc.assert(
      fc.property(rising, fc.integer({ min: 1, max: 20 }), (records, pointsMax) => {
        const recorder = new Recorder(pointsMax);
        const lanes = ['a', 'b', 'c'].map((name) => recorder.lane('visit', name));
        for (const { atMs, latencyMs, serviceMs, isError, lane } of records) {
          recorder.at(atMs);
          lanes[lane]?.response(isError ? 500 : 200, isError, latencyMs, serviceMs);
        }
        const { intervals, intervalMs } = recorder;
        expect(intervals).toBeLessThanOrEqual(pointsMax);
        for (const [index, lane] of lanes.entries()) {
          const mine = records.filter((each) => each.lane === index);
          const points = Array.from({ length: intervals }, (_, at) => recorder.point(lane, at));
          for (const [at, point] of points.entries()) {
            const within = mine.filter(({ atMs }) => Math.floor(atMs / intervalMs) === at);
            expect(point?.requests ?? 0).toBe(within.length);
            expect(point?.errors ?? 0).toBe(within.filter((each) => each.isError).length);
            expect(contentOf(point)).toEqual(histogramOf(within.map((each) => each.latencyMs)).encode());
          }
          expect([lane.requests, lane.errors]).toEqual([
            mine.length,
            mine.filter((each) => each.isError).length,
          ]);
          expect(lane.latency.encode()).toEqual(histogramOf(mine.map((each) => each.latencyMs)).encode());
          expect(lane.service.encode()).toEqual(histogramOf(mine.map((each) => each.serviceMs)).encode());
        }
      }),
    );
  });

  it('keeps the highest number of users of an interval', () => {
    const recorder = new Recorder(2);
    for (const [atMs, users] of [
      [0, 3],
      [500, 9],
      [900, 4],
      [1500, 5],
      [3900, 1],
    ] as const)
      recorder.users(atMs, users);
    expect([recorder.intervalMs, recorder.intervals]).toEqual([2000, 2]);
    expect([recorder.usersIn(0), recorder.usersIn(1)]).toEqual([9, 1]);
  });

  it('takes a time before the start for the start', () => {
    const recorder = new Recorder();
    recorder.at(-5);
    const lane = recorder.lane('a', 'b');
    lane.response(200, false, 1, 1);
    expect(recorder.point(lane, 0)?.requests).toBe(1);
  });
});

describe('what several recorders have measured', () => {
  it('adds up to what one would have, however often it is handed over', () => {
    const pauses = fc.array(fc.nat(200_000), { maxLength: 5 });
    fc.assert(
      fc.property(rising, pauses, fc.integer({ min: 1, max: 20 }), (records, handOversMs, pointsMax) => {
        const whole = new Recorder(pointsMax);
        const sum = new Recorder(pointsMax);
        const parts = [new Recorder(1000), new Recorder(1000)];
        const moments = [
          ...records.map((record, index) => ({ ...record, index, isHandOver: false })),
          ...handOversMs.map((atMs) => ({
            atMs,
            isHandOver: true,
            latencyMs: 0,
            serviceMs: 0,
            isError: false,
            lane: 0,
            index: 0,
          })),
        ].toSorted((a, b) => a.atMs - b.atMs);
        for (const { atMs, latencyMs, serviceMs, isError, lane, index, isHandOver } of moments) {
          for (const recorder of [whole, ...parts]) recorder.at(atMs);
          if (isHandOver) for (const part of parts) sum.absorb(part.take());
          else {
            for (const recorder of [whole, parts[index % 2] as Recorder]) {
              recorder.lane('visit', `${lane}`).response(isError ? 500 : 200, isError, latencyMs, serviceMs);
              recorder.lane('visit', `${lane}`).check('holds').passed++;
              recorder.iterations.started++;
            }
          }
        }
        for (const part of parts) sum.absorb(part.take());
        expect([sum.intervalMs, sum.intervals]).toEqual([whole.intervalMs, whole.intervals]);
        expect(sum.iterations).toEqual(whole.iterations);
        for (const lane of whole.lanes) {
          const summed = sum.lane(lane.scenario, lane.endpoint);
          expect([summed.requests, summed.errors, [...summed.statuses], summed.checks]).toEqual([
            lane.requests,
            lane.errors,
            [...lane.statuses],
            lane.checks,
          ]);
          expect(summed.latency.encode()).toEqual(lane.latency.encode());
          expect(summed.service.encode()).toEqual(lane.service.encode());
          for (let interval = 0; interval < whole.intervals; interval++)
            expect(sum.point(summed, interval)).toEqual(whole.point(lane, interval));
        }
      }),
    );
  });
});

describe('the recorder', () => {
  it('gives a scenario and an endpoint one lane, and different ones different lanes', () => {
    const recorder = new Recorder();
    const lane = recorder.lane('a', 'b');
    expect(recorder.lane('a', 'b')).toBe(lane);
    expect(
      new Set([lane, recorder.lane('b', 'a'), recorder.lane('ab', ''), recorder.lane('', 'ab')]).size,
    ).toBe(4);
    expect(recorder.lanes).toHaveLength(4);
  });

  it('remembers at most 100 reasons, and counts on', () => {
    const recorder = new Recorder();
    for (let index = 0; index < 300; index++) recorder.cutShort(`no value for x${index}`);
    recorder.cutShort('no value for x0');
    expect(recorder.iterations.cutShort).toBe(301);
    expect(recorder.cutShortBecause.size).toBe(100);
    expect(recorder.cutShortBecause.get('no value for x0')).toBe(2);
  });

  it('hands over what happened in sessions once, and tells of all until then', () => {
    const [worker, conductor] = [new Recorder(), new Recorder()];
    const counts = { messagesIn: 3, bytesIn: 30, messagesDropped: 2, brokenIdle: 1 };
    worker.sessions.watch([counts, { ...counts }]);
    conductor.absorb(worker.take());
    counts.messagesIn = 10;
    conductor.absorb(worker.take());
    conductor.absorb(worker.take());
    expect(conductor.sessions.counts).toEqual({
      messagesIn: 13,
      bytesIn: 60,
      messagesDropped: 4,
      brokenIdle: 2,
    });
    conductor.absorb(new Recorder().take());
    expect(new Recorder().sessions.counts).toBeUndefined();
  });

  it('counts a failure with its latency, and one example of each reason', () => {
    const lane = new Recorder().lane('a', 'b');
    lane.failure('timeout', 'first', 300, 250);
    lane.failure('timeout', 'second', 100, undefined);
    expect([lane.requests, lane.errors, lane.latency.count, lane.service.count]).toEqual([2, 2, 2, 1]);
    expect(lane.failures.get('timeout')).toEqual({ count: 2, example: 'first' });
  });

  it('counts the outcomes of a check under its name, also of several steps', () => {
    const lane = new Recorder().lane('a', 'b');
    lane.check('status is 200').passed++;
    lane.check('status is 200').failed++;
    expect(lane.checks).toEqual([{ name: 'status is 200', passed: 1, failed: 1 }]);
  });
});

function histogramOf(latenciesMs: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (const latencyMs of latenciesMs) histogram.record(latencyMs * 1000);
  return histogram;
}

function contentOf(point: LanePoint | undefined): Uint8Array {
  return point === undefined ? createHistogram().encode() : Histogram.decode(point.latency).encode();
}
