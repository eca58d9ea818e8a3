import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { Recorder, Timeline } from '../../src/load/recorder.ts';

describe('the time line', () => {
  it('keeps every count and latency when its intervals double', () => {
    const record = fc.record({ atMs: fc.nat(200_000), latencyMs: fc.nat(5000), isError: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (records, pointsMax) => {
          const timeline = new Timeline(pointsMax);
          for (const { atMs, latencyMs, isError } of records) timeline.record(atMs, latencyMs, isError);
          const { points } = timeline;
          expect(points.length).toBeLessThanOrEqual(pointsMax);
          const all = createHistogram();
          for (const point of points) all.merge(point.latency);
          const expected = createHistogram();
          for (const { latencyMs } of records) expected.record(latencyMs * 1000);
          expect(all.encode()).toEqual(expected.encode());
          expect(points.reduce((sum, point) => sum + point.requests, 0)).toBe(records.length);
          expect(points.reduce((sum, point) => sum + point.errors, 0)).toBe(
            records.filter((each) => each.isError).length,
          );
          for (const [index, point] of points.entries()) {
            expect(point.startMs).toBe(index * point.durationMs);
            const within = records.filter(({ atMs }) => Math.floor(atMs / point.durationMs) === index);
            expect(point.requests).toBe(within.length);
          }
        },
      ),
    );
  });

  it('keeps the highest number of users of an interval', () => {
    const timeline = new Timeline(2);
    for (const [atMs, users] of [
      [0, 3],
      [500, 9],
      [900, 4],
      [1500, 5],
      [3900, 1],
    ] as const)
      timeline.users(atMs, users);
    expect(timeline.points.map(({ users, durationMs }) => [users, durationMs])).toEqual([
      [9, 2000],
      [1, 2000],
    ]);
  });

  it('takes a time before the start for the start', () => {
    const timeline = new Timeline();
    timeline.record(-5, 1, false);
    expect(timeline.points[0]?.requests).toBe(1);
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

  it('makes 10,000 lanes without comparing each with every other', () => {
    const recorder = new Recorder();
    const before = performance.now();
    for (let index = 0; index < 10_000; index++) recorder.lane('scenario', `step ${index}`);
    for (let index = 0; index < 10_000; index++) recorder.lane('scenario', `step ${index}`);
    expect(recorder.lanes).toHaveLength(10_000);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('remembers at most 100 reasons, and counts on', () => {
    const recorder = new Recorder();
    for (let index = 0; index < 300; index++) recorder.cutShort(`no value for x${index}`);
    recorder.cutShort('no value for x0');
    expect(recorder.iterations.cutShort).toBe(301);
    expect(recorder.cutShortBecause.size).toBe(100);
    expect(recorder.cutShortBecause.get('no value for x0')).toBe(2);
  });

  it('counts a failure with its latency, and one example of each reason', () => {
    const lane = new Recorder().lane('a', 'b');
    lane.failure('timeout', 'first', 300, 250);
    lane.failure('timeout', 'second', 100, undefined);
    expect([lane.requests, lane.errors, lane.latency.count, lane.service.count]).toEqual([2, 2, 2, 1]);
    expect(lane.failures.get('timeout')).toEqual({ count: 2, example: 'first' });
  });
});
