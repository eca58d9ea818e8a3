import { expect, it } from 'vitest';
import { Recorder } from '../../src/load/measure/recorder.ts';
import { progressOf } from '../../src/load/progress.ts';

it('tells no latency of a target that only refuses', () => {
  const recorder = new Recorder();
  const lane = recorder.lane('visit', 'home');
  const latency = (): number | undefined =>
    progressOf(recorder, { elapsedMs: 500, durationMs: 1000, users: 1 }).latencyMsP95;
  lane.failure('refused', 'nobody listens at the target', 2, undefined);
  expect(latency()).toBeUndefined();
  lane.response(503, true, 20, 20);
  expect(latency()).toBe(20);
});
