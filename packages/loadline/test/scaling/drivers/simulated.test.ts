import { createVirtualClock } from 'loadline/base';
import { createSimulatedDriver } from 'loadline/scaling';
import { expect } from 'vitest';
import { describeScalingDriver } from '../../contracts/scaling-driver-contract.ts';

describeScalingDriver('the simulation', async () => {
  const clock = createVirtualClock();
  const driver = createSimulatedDriver({ clock, groups: { api: 0 }, startMs: 1000, stopMs: 1000 });
  return {
    driver,
    pass: () => clock.advance(100),
    async crashOne() {
      expect(driver.crashOne('api')).toBe(true);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
});
