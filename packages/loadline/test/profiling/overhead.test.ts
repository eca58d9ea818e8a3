import { createVirtualClock } from 'loadline/base';
import { createWorkLog, type WorkMark } from 'loadline/profiling';
import { describe, expect, it } from 'vitest';
import { estimateOverhead } from '../../src/profiling/overhead.ts';

/** Marks a second apart, each after so much more CPU time for 100 units of work. */
function marks(cpuUsByUnit: readonly number[], units = 100): WorkMark[] {
  const all: WorkMark[] = [{ units: 0, cpuUs: 0 }];
  for (const cost of cpuUsByUnit) {
    const last = all.at(-1) as WorkMark;
    all.push({ units: last.units + units, cpuUs: last.cpuUs + cost * units });
  }
  return all;
}

describe('estimateOverhead()', () => {
  it('compares CPU time a unit of work by medians, so that one odd second says nothing', () => {
    const found = estimateOverhead(3, marks([100, 100, 100, 900, 100]), marks([104, 104, 9000, 104]));
    expect(found).toMatchObject({ startStopCpuMs: 3, noiseRatio: 0 });
    expect(found.cpuRatio).toBeCloseTo(0.04, 10);
    expect(found.method).toContain('4 seconds of the session against 5 seconds before it');
  });

  it('says how much the seconds before it differ among themselves', () => {
    expect(
      estimateOverhead(0, marks([80, 90, 100, 110, 120]), marks([100, 100, 100])).noiseRatio,
    ).toBeCloseTo(0.1, 10);
  });

  it.each([
    ['nothing was done before', marks([]), marks([100, 100, 100])],
    ['too little was done', marks([100, 100, 100], 5), marks([100, 100, 100])],
    ['the session was too short', marks([100, 100, 100]), marks([100])],
  ])('gives no figure where %s, and says so', (_, before, during) => {
    const found = estimateOverhead(1, before, during);
    expect(found.cpuRatio).toBeUndefined();
    expect(found.method).toContain('no comparison');
  });
});

describe('createWorkLog()', () => {
  it('looks once a second, remembers half a minute, and follows a session', async () => {
    const clock = createVirtualClock();
    const log = createWorkLog(clock, () => ({ units: clock.monotonicMs(), cpuUs: 0 }));
    await clock.advance(60_000);
    expect(log.recent().map(({ units }) => units / 1000)).toEqual(
      Array.from({ length: 31 }, (_, at) => 30 + at),
    );
    const followed = log.follow();
    await clock.advance(2500);
    expect(followed.end().map(({ units }) => units / 1000)).toEqual([60, 61, 62]);
    log.close();
    expect(clock.pending).toBe(0);
  });
});
