import { describe, expect, it } from 'vitest';
import { objectivesOf, withLatencyOf } from '../../../src/load/limit/objectives.ts';
import { threshold } from '../../cli/reports.ts';

const textsOf = (objectives: ReturnType<typeof objectivesOf>): string[] =>
  objectives.thresholds.map((each) => each.text);

describe('the objectives of a search', () => {
  it("are the file's thresholds, but for those of the rate that is searched", () => {
    const objectives = objectivesOf([threshold('latency', 'p95 < 200ms'), threshold('rate', '> 100/s')]);
    expect(textsOf(objectives)).toEqual(['latency: p95 < 200ms']);
    expect([objectives.source, objectives.leftOut]).toEqual(['file', ['rate: > 100/s']]);
    expect(withLatencyOf(objectives, 40)).toBe(objectives);
  });

  it('are few errors where the file has none, and ten times the latency at the lowest rate', () => {
    const objectives = objectivesOf([]);
    expect([objectives.source, textsOf(objectives)]).toEqual(['default', ['errors: ratio < 1%']]);
    const complete = withLatencyOf(objectives, 12.3456);
    expect(textsOf(complete)).toEqual(['errors: ratio < 1%', 'latency: p99 < 123ms']);
    expect(complete.thresholds[1]?.limit).toBe(123);
    expect(withLatencyOf(complete, 99)).toBe(complete);
  });

  it.each([
    [0.4, 'latency: p99 < 50ms'],
    [250, 'latency: p99 < 2.5s'],
    [9_000, 'latency: p99 < 1m30s'],
  ])('with %d ms at the lowest rate ask for %s', (latencyMs, text) => {
    expect(textsOf(withLatencyOf(objectivesOf([]), latencyMs))[1]).toBe(text);
  });
});
