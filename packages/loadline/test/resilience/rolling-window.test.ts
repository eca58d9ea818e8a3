import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RollingWindow } from '../../src/resilience/rolling-window.ts';

it('a rolling window counts what happened within it, to a tenth', () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(3000), failures: fc.nat(1) }), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (all) => {
      const window = new RollingWindow(1000);
      const happened: { atMs: number; failures: number }[] = [];
      let nowMs = 0;
      for (const { afterMs, failures } of all) {
        nowMs += afterMs;
        window.add(nowMs, { calls: 1, failures, slow: 0 });
        happened.push({ atMs: nowMs, failures });
        const since = Math.floor(nowMs / 100) * 100 - 900;
        const within = happened.filter(({ atMs }) => atMs >= since);
        expect(window.tally(nowMs)).toEqual({
          calls: within.length,
          failures: within.reduce((sum, each) => sum + each.failures, 0),
          slow: 0,
        });
      }
    }),
  );
});
