import { createVirtualClock } from 'loadline/base';
import { createMemoryLoadTests } from '../memory-load-tests.ts';
import { describeLoadTests } from './load-tests-contract.ts';

describeLoadTests('of the tests', async () => {
  const clock = createVirtualClock();
  return { tests: createMemoryLoadTests(clock), age: (durationMs) => clock.advance(durationMs) };
});
