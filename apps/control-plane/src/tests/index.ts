/** Load tests over the API: a queue, runs in processes of their own, results, schedules. */
export { observeTests } from './observe-tests.ts';
export { createProcessRunner } from './process-runner.ts';
export type { RunJob, Runner, RunOptions } from './runner.ts';
export { Schedules } from './schedules.ts';
export { testHandlers } from './test-handlers.ts';
export { type TestLimits, Tests } from './tests.ts';
