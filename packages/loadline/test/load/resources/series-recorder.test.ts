import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../src/load/resources/resource.ts';
import { SeriesRecorder } from '../../../src/load/resources/series-recorder.ts';

function gauge(value: number, name = 'memory'): Reading {
  return { name, unit: 'bytes', kind: 'gauge', value };
}

function counter(value: number, per?: number): Reading {
  return {
    name: 'requests',
    unit: 'per second',
    kind: 'counter',
    value,
    ...(per === undefined ? {} : { per }),
  };
}

/** The points that come of one number's readings at these times; undefined is a sample that failed. */
function pointsOf(samples: readonly (readonly [elapsedMs: number, reading: Reading | undefined])[]): unknown {
  const recorder = new SeriesRecorder('target');
  for (const [elapsedMs, reading] of samples) {
    if (reading === undefined) recorder.miss();
    else recorder.record(elapsedMs, [reading]);
  }
  return recorder.series()[0]?.points;
}

describe('a gauge', () => {
  it('is shown as it is, when it was seen', () => {
    const recorder = new SeriesRecorder('target');
    recorder.record(3.4, [gauge(7)]);
    recorder.record(1001.2, [gauge(8)]);
    expect(recorder.series()).toEqual([
      {
        source: 'target',
        name: 'memory',
        unit: 'bytes',
        points: [
          [3, 7],
          [1001, 8],
        ],
      },
    ]);
  });

  it('has a point a second also where timers come a little early', () => {
    expect(pointsOf([0, 999.1, 1998.9, 3001].map((ms) => [ms, gauge(1)]))).toHaveLength(4);
  });

  it('has no point where it is no number, nor before the run', () => {
    expect(
      pointsOf([
        [-500, gauge(1)],
        [0, gauge(1)],
        [1000, gauge(Number.NaN)],
        [2000, gauge(Number.POSITIVE_INFINITY)],
      ]),
    ).toEqual([[0, 1]]);
  });
});

describe('a counter', () => {
  it('is shown by its growth a second', () => {
    expect(
      pointsOf([
        [0, counter(100)],
        [1000, counter(150)],
        [3000, counter(250)],
      ]),
    ).toEqual([
      [1000, 50],
      [3000, 50],
    ]);
  });

  it('is shown by its growth in another counter where it has one, and not where that stood still', () => {
    expect(
      pointsOf([
        [0, counter(90, 100)],
        [1000, counter(91, 102)],
        [2000, counter(91, 102)],
        [3000, counter(94, 105)],
        [4000, counter(95, 3)],
      ]),
    ).toEqual([
      [1000, 0.5],
      [3000, 1],
    ]);
  });

  it('that begins anew has a gap, and is shown again from there', () => {
    expect(
      pointsOf([
        [0, counter(5000)],
        [1000, counter(20)],
        [2000, counter(50)],
      ]),
    ).toEqual([[2000, 30]]);
  });

  it('shows no growth over a gap, which belongs to none of its seconds', () => {
    expect(
      pointsOf([
        [0, counter(0)],
        [1000, undefined],
        [2000, counter(100)],
        [3000, counter(110)],
      ]),
    ).toEqual([[3000, 10]]);
  });

  it('that was not among the readings for once has a gap like any other', () => {
    const recorder = new SeriesRecorder('target');
    recorder.record(0, [counter(0)]);
    recorder.record(1000, []);
    recorder.record(2000, [counter(100)]);
    recorder.record(3000, [counter(110)]);
    expect(recorder.series()[0]?.points).toEqual([[3000, 10]]);
  });
});

describe('a long run', () => {
  it('has at most 600 points, each the mean of seconds that double', () => {
    const recorder = new SeriesRecorder('target');
    for (let second = 0; second < 600; second++) recorder.record(second * 1000, [gauge(second)]);
    expect(recorder.series()[0]?.points).toHaveLength(600);
    recorder.record(600_000, [gauge(600)]);
    const [first, second] = recorder.series()[0]?.points ?? [];
    expect([first, second]).toEqual([
      [500, 0.5],
      [2500, 2.5],
    ]);
    for (let at = 601; at < 86_400; at++) recorder.record(at * 1000, [gauge(at)]);
    const points = recorder.series()[0]?.points ?? [];
    expect(points).toHaveLength(Math.ceil(86_400 / 256));
    expect(points[1]).toEqual([383_500, 383.5]);
  });

  it('keeps its gaps', () => {
    const recorder = new SeriesRecorder('target');
    for (const second of [0, 1, 2, 3, 500, 501, 1000]) recorder.record(second * 1000, [gauge(second)]);
    expect(recorder.series()[0]?.points).toEqual([
      [500, 0.5],
      [2500, 2.5],
      [500_500, 500.5],
      [1_000_000, 1000],
    ]);
  });

  it('weighs a half-empty slot by what was seen in it', () => {
    const recorder = new SeriesRecorder('target');
    for (const [second, value] of [
      [0, 1],
      [1, 3],
      [2, 8],
      [1200, 0],
    ] as const) {
      recorder.record(second * 1000, [gauge(value)]);
    }
    expect(recorder.series()[0]?.points[0]).toEqual([1000, 4]);
  });

  it('has at most 100 series, and says that there were more', () => {
    const recorder = new SeriesRecorder('target');
    recorder.record(
      0,
      Array.from({ length: 100 }, (_, at) => gauge(at, `g${at}`)),
    );
    expect(recorder.hasLeftOut).toBe(false);
    recorder.record(1000, [gauge(1, 'one more'), gauge(1, 'g5')]);
    expect(recorder.hasLeftOut).toBe(true);
    expect(recorder.series()).toHaveLength(100);
    expect(recorder.series()[5]?.points).toHaveLength(2);
  });
});
