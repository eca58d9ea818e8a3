import { RollingForecast } from 'loadline/capacity';
import { describe, expect, it } from 'vitest';
import { daily, dayMs, minuteMs, seriesOf } from './series.ts';

const hourMs = 60 * minuteMs;
const stepMs = 5 * minuteMs;

/** A rule as it is measured: four times a step. */
function follow(
  forecast: RollingForecast,
  fromMs: number,
  toMs: number,
  rule: (atMs: number) => number,
): void {
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs / 4) forecast.observe(atMs, rule(atMs));
}

describe('RollingForecast', () => {
  it('knows nothing at first, then the next hour, and after days the season', () => {
    const forecast = new RollingForecast({ stepMs });
    expect(forecast.at(hourMs)).toBeUndefined();
    follow(forecast, 0, hourMs, daily);
    expect(forecast.at(2 * hourMs)).toBeUndefined();
    follow(forecast, hourMs, 16 * hourMs, daily);
    expect(forecast.at(16.5 * hourMs)?.expected).toBeGreaterThan(200);
    follow(forecast, 16 * hourMs, 4 * dayMs, daily);
    expect(forecast.at(4 * dayMs + 0.75 * hourMs)).toBeDefined();
    expect(forecast.verdict).toMatchObject({ kind: 'chosen', season: 'day' });
    const noon = 4.5 * dayMs;
    follow(forecast, 4 * dayMs, noon - hourMs, daily);
    expect(
      Math.abs((forecast.at(noon - 0.5 * hourMs)?.expected ?? 0) / daily(noon - 0.5 * hourMs) - 1),
    ).toBeLessThan(0.02);
  });

  it('begins with what is known already', () => {
    const forecast = new RollingForecast({ history: seriesOf(4, daily) });
    expect(
      (forecast.at(4 * dayMs + 0.5 * hourMs)?.expected ?? 0) / daily(4 * dayMs + 0.5 * hourMs),
    ).toBeCloseTo(1, 1);
    expect(forecast.verdict).toMatchObject({ kind: 'chosen', season: 'day' });
  });

  it('lets the step that has only begun count', () => {
    const jumps = new RollingForecast({ stepMs, quantile: 0.9, horizonMs: 30 * minuteMs });
    follow(jumps, 0, 4 * dayMs, (atMs) => daily(atMs) * (Math.floor(atMs / hourMs) % 7 === 0 ? 3 : 1));
    const soonMs = 4 * dayMs + 10 * minuteMs;
    const before = jumps.at(soonMs)?.expected ?? 0;
    jumps.observe(4 * dayMs, 3 * daily(4 * dayMs));
    expect(jumps.at(soonMs)?.expected).toBeGreaterThan(1.2 * before);
  });

  it('stands a gap, values that are none, and values that come late', () => {
    const forecast = new RollingForecast({ stepMs });
    follow(forecast, 0, 4 * dayMs, daily);
    follow(forecast, 4 * dayMs + 6 * hourMs, 5 * dayMs, (atMs) =>
      Math.floor(atMs / hourMs) % 5 === 0 ? Number.NaN : daily(atMs),
    );
    forecast.observe(hourMs, 1e9);
    forecast.observe(5 * dayMs, -5);
    const expected = forecast.at(5 * dayMs + 0.5 * hourMs)?.expected ?? 0;
    expect(Math.abs(expected / daily(5 * dayMs + 0.5 * hourMs) - 1)).toBeLessThan(0.1);
  });

  it('forgets what lies before a gap of months, in no time', () => {
    const forecast = new RollingForecast({ stepMs });
    follow(forecast, 0, 3 * dayMs, daily);
    forecast.observe(1e6 * dayMs, 100);
    expect(forecast.at(1e6 * dayMs + hourMs / 2)).toBeUndefined();
  });

  it('chooses anew when things have changed for long', () => {
    const forecast = new RollingForecast({ stepMs });
    follow(forecast, 0, 6 * dayMs, () => 100);
    forecast.at(6 * dayMs);
    expect(forecast.verdict).not.toMatchObject({ season: 'day' });
    follow(forecast, 6 * dayMs, 20 * dayMs, daily);
    forecast.at(20 * dayMs);
    expect(forecast.verdict).toMatchObject({ season: 'day' });
  });
});
