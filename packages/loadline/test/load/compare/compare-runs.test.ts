import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import type { LoadReport } from 'loadline/load';
import { type Comparison, compareRuns, type Effect, type ReportedRun } from 'loadline/load/compare';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { reportedRun, type SimulatedEndpoint, simulateRun } from './runs.ts';

/** Runs of a build whose search takes so many times as long as it should. */
function runsOf(
  name: string,
  count: number,
  search: Partial<SimulatedEndpoint> = {},
  startedAt = Date.UTC(2026, 0, 1),
): ReportedRun[] {
  return Array.from({ length: count }, (_, at) =>
    simulateRun({
      seed: `${name} ${at}`,
      betweenRuns: 0.01,
      withinRun: 0.01,
      startedAt: startedAt + at * 120_000,
      endpoints: {
        list: { medianMs: 8, perSecond: 60 },
        search: { medianMs: 20, perSecond: 40, ...search },
      },
    }),
  );
}

const before = runsOf('before', 5);

function effectOf({ effects }: Comparison, endpoint: string | undefined, metric: string): Effect {
  const found = effects.find((each) => each.endpoint === endpoint && each.metric === metric);
  if (found === undefined) throw new Error(`no effect on ${metric} of ${endpoint}`);
  return found;
}

describe('compareRuns()', () => {
  it('takes the reports of runs', () => {
    expectTypeOf<LoadReport>().toExtend<ReportedRun>();
  });

  it('names what became slower, by how much, and nothing else', () => {
    const comparison = compareRuns(before, runsOf('after', 5, { medianMs: 24 }));
    expect(comparison.verdict).toBe('worse');
    const { change, low, high, verdict } = effectOf(comparison, 'search', 'latency p50');
    expect(verdict).toBe('worse');
    expect(change).toBeGreaterThan(0.16);
    expect(change).toBeLessThan(0.24);
    expect(low).toBeLessThan(0.2);
    expect(high).toBeGreaterThan(0.2);
    const blamed = comparison.effects.filter((each) => each.verdict === 'worse' || each.verdict === 'better');
    expect(new Set(blamed.map(({ endpoint }) => endpoint))).not.toContain('list');
    expect(effectOf(comparison, 'list', 'latency mean').verdict).not.toBe('worse');
  });

  it('says better where the sides are the other way round', () => {
    const slow = runsOf('after', 5, { medianMs: 24 });
    const there = compareRuns(before, slow, { random: createRandom(1) });
    const back = compareRuns(slow, before, { random: createRandom(1) });
    const mirrored = {
      worse: 'better',
      better: 'worse',
      same: 'same',
      inconclusive: 'inconclusive',
    } as const;
    for (const effect of there.effects) {
      const other = effectOf(back, effect.endpoint, effect.metric);
      if (Math.abs(effect.change) > 0.06) expect(other.verdict).toBe(mirrored[effect.verdict]);
    }
    expect(back.verdict).not.toBe('worse');
    expect(effectOf(back, 'search', 'latency mean').verdict).toBe('better');
  });

  it('says same where the interval lies within the margin, and only there', () => {
    const comparison = compareRuns(runsOf('a', 10), runsOf('b', 10), { margin: 0.1 });
    expect(effectOf(comparison, 'list', 'latency mean').verdict).toBe('same');
    for (const { verdict, low, high, unit } of comparison.effects) {
      const within = unit === 'ratio' ? [0.001, 0.001] : [0.1, 1 - 1 / 1.1];
      const isWithin = (high as number) <= (within[0] as number) && -(low as number) <= (within[1] as number);
      expect(verdict === 'same').toBe(isWithin);
    }
  });

  it('calls a change that is beyond doubt but within the margin the same, not worse', () => {
    const comparison = compareRuns(runsOf('a', 10), runsOf('b', 10, { medianMs: 22 }), { margin: 0.3 });
    const effect = effectOf(comparison, 'search', 'latency mean');
    expect(effect.low).toBeGreaterThan(0);
    expect(effect.verdict).toBe('same');
  });

  it('asks for more runs where it cannot tell, and for fewer the wider the margin', () => {
    const [a, b] = [runsOf('a', 2), runsOf('b', 2)];
    const wide = compareRuns(a, b, { margin: 0.1 });
    const small = compareRuns(a, b, { margin: 0.05 }).effects.filter(
      ({ change, runsNeeded }) => Math.abs(change) < 0.02 && runsNeeded !== undefined,
    );
    expect(small.length).toBeGreaterThan(3);
    for (const { endpoint, metric, unit, runsNeeded } of small) {
      expect(runsNeeded).toBeGreaterThan(2);
      const atEase = effectOf(wide, endpoint, metric).runsNeeded ?? 0;
      if (unit !== 'ratio') expect(runsNeeded).toBeGreaterThan(atEase);
    }
  });

  it('holds errors by the difference of their ratios', () => {
    const comparison = compareRuns(before, runsOf('after', 5, { errorRatio: 0.05 }));
    const { verdict, a, change } = effectOf(comparison, 'search', 'errors');
    expect([verdict, a]).toEqual(['worse', 0]);
    expect(change).toBeGreaterThan(0.04);
    expect(change).toBeLessThan(0.06);
  });

  it('never takes a build that answers nothing for a quick one', () => {
    const dead = runsOf('after', 5, { errorRatio: 1, medianMs: 0.2 }).map((run) => ({
      ...run,
      endpoints: run.endpoints.map((row) => (row.name === 'search' ? { ...row, statuses: {} } : row)),
    }));
    const comparison = compareRuns(before, dead);
    expect(effectOf(comparison, 'search', 'errors').verdict).toBe('worse');
    expect(effectOf(comparison, 'search', 'throughput').verdict).toBe('worse');
    const times = comparison.effects.filter(({ endpoint, unit }) => endpoint === 'search' && unit === 'ms');
    expect(times).toEqual([]);
  });

  it('shows no throughput where a side answered nothing, though a change of it is told', () => {
    const comparison = compareRuns(before, runsOf('after', 5, { errorRatio: 1 }));
    const { a, b, change } = effectOf(comparison, 'search', 'throughput');
    expect(a).toBeGreaterThan(30);
    expect(b).toBe(0);
    expect(change).toBeLessThan(-0.99);
  });

  it('compares one endpoint once, not again as the whole', () => {
    const one = (name: string): ReportedRun[] =>
      [0, 1, 2].map((at) =>
        simulateRun({ seed: `${name} ${at}`, endpoints: { list: { medianMs: 8, perSecond: 60 } } }),
      );
    expect(new Set(compareRuns(one('a'), one('b')).effects.map(({ endpoint }) => endpoint))).toEqual(
      new Set(['list']),
    );
  });

  it('shows what else differs, and compares only endpoints that both sides have', () => {
    const after = runsOf('after', 5).map((run) => ({
      ...run,
      target: 'http://127.0.0.1:9090',
      environment: { ...run.environment, cores: 4, node: 'v24.1.0' },
      endpoints: run.endpoints.filter(({ name }) => name === 'list'),
    }));
    const comparison = compareRuns(before, after);
    expect(comparison.differences).toEqual([
      { what: 'target', a: ['http://127.0.0.1:8080'], b: ['http://127.0.0.1:9090'] },
      { what: 'endpoints', a: ['list, search'], b: ['list'] },
      { what: 'node', a: ['v26.10.0'], b: ['v24.1.0'] },
      { what: 'cores', a: ['2'], b: ['4'] },
    ]);
    expect(comparison.effects.some(({ endpoint }) => endpoint === 'search')).toBe(false);
  });

  it('compares no whole that is made of other endpoints', () => {
    const after = runsOf('after', 5).map((run) => ({
      ...run,
      endpoints: run.endpoints.filter(({ name }) => name === 'list'),
    }));
    const comparison = compareRuns(before, after);
    expect(new Set(comparison.effects.map(({ endpoint }) => endpoint))).toEqual(new Set(['list']));
    expect(comparison.warnings.join()).toContain('The whole is not compared: only one side has search.');
  });

  it('compares the whole where a run has missed an endpoint that its side knows', () => {
    const [first, ...others] = runsOf('after', 5) as [ReportedRun, ...ReportedRun[]];
    const after = [{ ...first, endpoints: first.endpoints.slice(0, 1) }, ...others];
    expect(compareRuns(before, after).effects.some(({ endpoint }) => endpoint === undefined)).toBe(true);
  });

  it('shows that another load was asked for, or other steps', () => {
    const after = runsOf('after', 5);
    const planned = { load: ['100/s for 20 s'], fingerprint: '1a2b3c' };
    const asked = (runs: readonly ReportedRun[]): ReportedRun[] => runs.map((run) => ({ ...run, planned }));
    const [a, b] = [asked(before), asked(after)];
    expect(compareRuns(a, b).differences).toEqual([]);
    const half = b.map((run) => ({ ...run, planned: { load: ['50/s for 20 s'], fingerprint: '4d5e6f' } }));
    expect(compareRuns(a, half).differences).toEqual([
      { what: 'load', a: ['100/s for 20 s'], b: ['50/s for 20 s'] },
      { what: 'scenario', a: ['1a2b3c'], b: ['4d5e6f'] },
    ]);
    // Older reports do not say.
    expect(compareRuns(before, half).differences).toEqual([]);
  });

  it.each(['invalid', 'interrupted'] as const)('judges nothing by a run that is %s', (status) => {
    const unfit = { ...(before[0] as ReportedRun), verdict: { status, reasons: ['It was held up.'] } };
    const comparison = compareRuns(before, [...before.slice(1), unfit]);
    expect([comparison.verdict, comparison.effects]).toEqual(['invalid', []]);
    expect(comparison.reasons).toEqual([
      `The run "shop" of 2026-01-01T00:00:00.000Z in B is ${status}: It was held up.`,
    ]);
    const { reasons } = compareRuns(before, [{ ...unfit, file: 'after/3.json' }]);
    expect(reasons).toEqual([`The run "shop" in B, after/3.json, is ${status}: It was held up.`]);
  });

  it('gives the same comparison of the same runs', () => {
    const after = runsOf('after', 3);
    expect(compareRuns(before, after)).toEqual(compareRuns(before, after));
  });

  it('needs a run on each side', () => {
    expect(() => compareRuns([], before)).toThrow(RangeError);
  });

  it('says nothing of runs that have nothing in common, and loses no figure to JSON', () => {
    const comparison = compareRuns([reportedRun()], [reportedRun({ startedAt: '2026-01-02T00:00:00.000Z' })]);
    expect([comparison.verdict, comparison.effects]).toEqual(['inconclusive', []]);
    const some = compareRuns(before, runsOf('after', 5));
    expect(JSON.parse(JSON.stringify(some))).toEqual(
      JSON.parse(JSON.stringify(some), (_, value) => value ?? -1),
    );
  });
});

describe('one run on each side', () => {
  const [a] = runsOf('a', 1);

  it('tells a doubled time, and warns that it had to assume how runs vary', () => {
    const comparison = compareRuns([a as ReportedRun], runsOf('b', 1, { medianMs: 40 }));
    expect(effectOf(comparison, 'search', 'latency mean').verdict).toBe('worse');
    expect(comparison.warnings.join()).toMatch(/One run on each side cannot tell/);
  });

  it('does not tell a tenth', () => {
    const comparison = compareRuns([a as ReportedRun], runsOf('b', 1, { medianMs: 22 }));
    expect(comparison.verdict).toBe('inconclusive');
    expect(effectOf(comparison, 'search', 'latency mean').runsNeeded).toBeGreaterThan(1);
  });

  it('says nothing of the times of a run that is too short to tell how it varies', () => {
    const [short, other] = ['a', 'b'].map((seed) => simulateRun({ seed, seconds: 3 }));
    const comparison = compareRuns([short as ReportedRun], [other as ReportedRun]);
    const effect = effectOf(comparison, 'search', 'latency mean');
    expect([effect.verdict, effect.low, effect.runsNeeded]).toEqual(['inconclusive', undefined, undefined]);
    expect(comparison.warnings.join()).toMatch(/figures cannot be judged/);
  });

  it('of two seconds leaves nothing to be judged, however surely others vary', () => {
    const short = simulateRun({
      seed: 'short',
      seconds: 2,
      endpoints: { list: { medianMs: 8, perSecond: 60 }, search: { medianMs: 200, perSecond: 1 } },
    });
    const comparison = compareRuns(before, [short]);
    const judged = comparison.effects.filter(({ unit, low }) => unit !== 'ratio' && low !== undefined);
    expect([judged, comparison.verdict]).toEqual([[], 'inconclusive']);
  });

  it('against several is enough for an interval', () => {
    const comparison = compareRuns(before, runsOf('b', 1, { medianMs: 30 }));
    expect(effectOf(comparison, 'search', 'latency mean').verdict).toBe('worse');
    expect(comparison.warnings.join()).toMatch(/B is a single run/);
  });
});

describe('warnings', () => {
  const later = Date.UTC(2026, 0, 2);

  it('of sides that did not take turns, of which a drift looks like a change', () => {
    expect(compareRuns(before, runsOf('after', 5, {}, later)).warnings.join()).toMatch(/take turns/);
    expect(compareRuns(before, runsOf('after', 5, {}, Date.UTC(2026, 0, 1) + 60_000)).warnings).toEqual([]);
  });

  it('of a run on both sides', () => {
    expect(compareRuns(before, before).warnings).toEqual([
      'A run stands on both sides: that part is compared with itself.',
    ]);
  });
});

describe('a ramp that was planned', () => {
  it('is no noise: the same ramp in both builds leaves a difference as clear', () => {
    const ramp = (name: string, factor: number): ReportedRun[] =>
      [0, 1, 2, 3, 4].map((at) =>
        simulateRun({
          seed: `${name} ${at}`,
          rampTo: 3,
          betweenRuns: 0.005,
          endpoints: { list: { medianMs: 10 * factor, perSecond: 80 } },
        }),
      );
    const comparison = compareRuns(ramp('a', 1), ramp('b', 1.15));
    expect(effectOf(comparison, 'list', 'latency mean').verdict).toBe('worse');
  });
});

describe('compareRuns() of any runs', () => {
  const anyRun = fc.record({
    seed: fc.integer(),
    seconds: fc.integer({ min: 1, max: 6 }),
    endpoints: fc.dictionary(
      fc.constantFrom('list', 'search', 'order'),
      fc.record({
        medianMs: fc.constantFrom(0.0001, 1, 50, 30_000),
        perSecond: fc.constantFrom(1, 20),
        errorRatio: fc.constantFrom(0, 0.5, 1),
      }),
      { minKeys: 1 },
    ),
  });
  const sides = fc.array(anyRun, { minLength: 1, maxLength: 3 });

  it('gives finite figures, an interval around the change, and a verdict', () => {
    fc.assert(
      fc.property(sides, sides, (a, b) => {
        for (const effect of compareRuns(a.map(simulateRun), b.map(simulateRun)).effects) {
          for (const figure of [effect.a, effect.b, effect.change]) expect(figure).toSatisfy(Number.isFinite);
          if (effect.low === undefined) continue;
          expect(effect.low).toBeLessThanOrEqual(effect.change + 1e-9);
          expect(effect.high).toBeGreaterThanOrEqual(effect.change - 1e-9);
          expect(effect.runsNeeded === undefined).toBe(effect.verdict !== 'inconclusive');
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
