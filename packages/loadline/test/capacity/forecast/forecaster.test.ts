import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import { createForecaster, type Forecaster, type Series } from 'loadline/capacity';
import { generateTrace } from 'loadline/scaling/simulate';
import { describe, expect, it } from 'vitest';
import { daily, dayMs, minuteMs, seriesOf, until, weekly } from './series.ts';

const hourMs = 60 * minuteMs;

function chosenBy(forecaster: Forecaster): Extract<Forecaster['verdict'], { kind: 'chosen' }> {
  if (forecaster.verdict.kind === 'none') throw new Error(forecaster.verdict.because);
  return forecaster.verdict;
}

describe('createForecaster()', () => {
  it('foresees a day that it has seen for a week, and beats the naive forecast', () => {
    const forecaster = createForecaster(seriesOf(7, daily, { noise: 0.05 }));
    const { season, errorRatio, naiveErrorRatio } = chosenBy(forecaster);
    expect(season).toBe('day');
    expect(errorRatio).toBeLessThan(0.85 * naiveErrorRatio);
    const expected = forecaster.at(hourMs)?.expected ?? 0;
    expect(expected / daily(7 * dayMs + hourMs)).toBeGreaterThan(0.93);
    expect(expected / daily(7 * dayMs + hourMs)).toBeLessThan(1.07);
  });

  it('smooths a season by Holt and Winters, too, better than a day ago does', () => {
    const { tried, naiveErrorRatio } = chosenBy(createForecaster(seriesOf(14, daily, { noise: 0.05 })));
    const smoothed = tried.filter(({ method }) => method.startsWith('Holt-Winters by day'));
    expect(Math.min(...smoothed.map(({ errorRatio }) => errorRatio))).toBeLessThan(0.82 * naiveErrorRatio);
  });

  it('knows weekends once it has seen two', () => {
    const series = seriesOf(21 + 5, weekly, { noise: 0.03 });
    // It ends at midnight, when a weekend begins, and is asked for the noon after it.
    const forecaster = createForecaster(series, { horizonMs: dayMs / 2 });
    expect(chosenBy(forecaster).season).toBe('week');
    expect((forecaster.at(dayMs / 2)?.expected ?? 0) / 150).toBeCloseTo(1, 0);
    expect(forecaster.at(dayMs / 2)?.expected).toBeLessThan(180);
  });

  it('follows growth, which the naive forecast is late for', () => {
    const forecaster = createForecaster(
      seriesOf(14, (atMs) => daily(atMs) * 1.08 ** (atMs / dayMs), { noise: 0.02 }),
    );
    const { errorRatio, naiveErrorRatio } = chosenBy(forecaster);
    expect(errorRatio).toBeLessThan(0.6 * naiveErrorRatio);
  });

  it('takes no season where nothing repeats', () => {
    const random = createRandom('walk');
    let level = 1000;
    const walk = seriesOf(9, () => {
      level *= 1 + 0.02 * (random() - 0.5);
      return level;
    });
    expect(chosenBy(createForecaster(walk)).season).toBeUndefined();
  });

  it('is not led astray by a day of outage, nor by one of a hundredfold', () => {
    for (const factor of [0, 100]) {
      const series = seriesOf(14, (atMs) => daily(atMs) * (Math.floor(atMs / dayMs) === 5 ? factor : 1), {
        noise: 0.03,
      });
      const expected = createForecaster(series).at(hourMs)?.expected ?? 0;
      expect(Math.abs(expected / daily(14 * dayMs + hourMs) - 1)).toBeLessThan(0.1);
    }
  });

  it('goes on with what comes, as if it had known it from the start', () => {
    const series = seriesOf(8, daily, { noise: 0.05 });
    const before = createForecaster(until(series, 7 * dayMs));
    for (let at = (7 * dayMs) / series.stepMs; at < series.values.length; at++)
      before.observe(series.values[at] as number);
    const truth = daily(8 * dayMs + hourMs);
    expect(Math.abs((before.at(hourMs)?.expected ?? 0) / truth - 1)).toBeLessThan(0.07);
  });

  it('says nothing of a history that is too short, or beyond its horizon', () => {
    const short = createForecaster(seriesOf(0.1, daily));
    expect(short.verdict).toEqual({ kind: 'none', because: '29 steps are too few to choose a forecast by' });
    expect(short.at(minuteMs)).toBeUndefined();
    expect(createForecaster(seriesOf(3, daily)).at(2 * hourMs)).toBeUndefined();
  });

  it('has no season before two of them are over', () => {
    expect(chosenBy(createForecaster(seriesOf(1.9, daily))).tried.map(({ method }) => method)).toEqual(
      expect.not.arrayContaining([expect.stringContaining('day')]),
    );
  });

  it('bears gaps', () => {
    const series = seriesOf(10, daily, { noise: 0.03 });
    const values = Float64Array.from(series.values);
    for (let at = 0; at < values.length; at++)
      if (at % 7 === 3 || (at > 900 && at < 1100)) values[at] = Number.NaN;
    const expected = createForecaster({ ...series, values }).at(hourMs)?.expected ?? 0;
    expect(Math.abs(expected / daily(10 * dayMs + hourMs) - 1)).toBeLessThan(0.08);
  });

  it('is a number from 0 whatever it is given, and its quantiles are in order', () => {
    const anyValue = fc.oneof(
      fc.double(),
      fc.constant(0),
      fc.constant(Number.NaN),
      fc.double({ min: 0, max: 1e6 }),
    );
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 100, maxLength: 400 }), (values) => {
        const foreseen = createForecaster(
          { startMs: 0, stepMs: hourMs, values },
          { horizonMs: 4 * hourMs },
        ).at(hourMs);
        if (foreseen === undefined) return;
        const asked = [0, 0.1, 0.5, 0.9, 1].map((share) => foreseen.quantile(share));
        for (const value of [foreseen.expected, ...asked]) expect(value).toBeGreaterThanOrEqual(0);
        expect(asked).toEqual(asked.toSorted((a, b) => a - b));
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });
});

describe('the interval of a forecast', () => {
  const shape = {
    name: 'a service',
    startMs: 0,
    days: 21,
    stepMs: 5 * minuteMs,
    meanPerSecond: 200,
    day: { swing: 0.6, peakHour: 14, peakedness: 0.5 },
    weekendFactor: 0.7,
    growthPerWeek: 0.05,
    noise: { deviation: 0.08, persistence: 0.9 },
    bursts: {
      perDay: 1,
      height: { from: 0.3, to: 1 },
      riseMs: { from: minuteMs, to: 10 * minuteMs },
      fallMs: { from: 10 * minuteMs, to: 30 * minuteMs },
    },
  };

  it('holds what comes as often as it says, on days that it was not chosen by', () => {
    const inside = { low: 0, high: 0, asked: 0 };
    for (const seed of [11, 12, 13, 14]) {
      const { ratesPerSecond: values, stepMs } = generateTrace(shape, createRandom(seed));
      const learned = (17 * dayMs) / stepMs;
      const forecaster = createForecaster(
        { startMs: 0, stepMs, values: values.subarray(0, learned) },
        { horizonMs: 30 * minuteMs },
      );
      for (let at = learned; at + 6 < values.length; at++) {
        forecaster.observe(values[at] as number);
        const foreseen = forecaster.at(30 * minuteMs);
        const came = values[at + 6] as number;
        inside.asked++;
        if (came <= (foreseen?.quantile(0.9) ?? 0)) inside.high++;
        if (came <= (foreseen?.quantile(0.1) ?? 0)) inside.low++;
      }
    }
    expect(inside.high / inside.asked).toBeGreaterThan(0.86);
    expect(inside.high / inside.asked).toBeLessThan(0.94);
    expect(inside.low / inside.asked).toBeGreaterThan(0.05);
    expect(inside.low / inside.asked).toBeLessThan(0.15);
  });
});

describe('the order of a series', () => {
  it('never lets a forecast see what comes after its origin', () => {
    // A jump that nothing announces: whoever foresees it has looked.
    const series: Series = seriesOf(6, (atMs) => (atMs >= 5.9 * dayMs ? 1000 : 100), { noise: 0.01 });
    const expected = createForecaster(until(series, 5.9 * dayMs)).at(hourMs)?.expected ?? 0;
    expect(expected).toBeLessThan(120);
    // The jump is an error of the back-test: the mean error is that of an hour in two days.
    expect(chosenBy(createForecaster(series)).errorRatio).toBeGreaterThan(0.02);
  });
});
