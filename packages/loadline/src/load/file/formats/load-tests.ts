import { type Field, type Parsed, parse } from '../../../base/index.ts';
import type { Scenario, Stage, Step } from '../../plan.ts';
import { plainRequest } from '../grammar/request.ts';
import { type FileTest, fileDefaults, type ScenarioFile } from '../grammar/scenario-file.ts';

/** Whether a document is a list of load tests without steps. */
export function isLoadTests(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'load_tests');
}

/**
 * Reads load tests that say how many users there are and for how long, and nothing of what they do:
 *
 *   load_tests:
 *     baseline: { duration: 10m, users: 1000, ramp_up: 2m, think_time: 1s }
 *
 * Each user gets the target's own path, pauses, and gets it again. The ramp is part of the duration. `--profile`
 * picks a test by its name.
 */
export function parseLoadTests(value: unknown): Parsed<ScenarioFile> {
  return parse(value, (root) => {
    const list = root.object(['load_tests']).required('load_tests');
    const tests = list.record(readTest);
    if (tests.size === 0 && typeof list.value === 'object') list.problem('must hold at least one test');
    const all = [...tests.values()];
    return {
      ...fileDefaults,
      visits: 'target',
      scenarios: all.map((test) => test.scenario),
      test: all.length === 1 ? all[0]?.test : undefined,
      tests: new Map([...tests].map(([name, { test }]) => [name, test])),
    };
  });
}

/** A test with the one scenario that its users do, which differ by their pause. */
function readTest(entry: Field, name: string): { readonly scenario: Scenario; readonly test: FileTest } {
  const test = entry.object(['duration', 'users', 'ramp_up', 'think_time']);
  const totalMs = test.required('duration').duration({ above: 0 });
  const users = test.required('users').number({ whole: true, atLeast: 1, atMost: 1_000_000 });
  const rampUp = test.optional('ramp_up');
  const rampMs = rampUp?.duration() ?? 0;
  if (rampMs > totalMs) rampUp?.problem('must not be longer than duration, of which it is a part');
  const thinkMs = test.optional('think_time')?.duration() ?? 0;
  return {
    scenario: { name, weight: 1, steps: visit(thinkMs) },
    test: { stages: stagesOf(users, rampMs, totalMs), thresholds: [], weights: new Map([[name, 1]]) },
  };
}

/** The path is the target's; the plan puts it in. */
function visit(thinkMs: number): Step[] {
  const get = plainRequest('GET', '/');
  return thinkMs > 0 ? [get, { kind: 'think', think: { kind: 'fixed', durationMs: thinkMs } }] : [get];
}

/** Up to so many users, and so many for the rest of the time. */
export function stagesOf(users: number, rampMs: number, totalMs: number): Stage[] {
  const ramp: Stage = { kind: 'users', from: 0, to: users, durationMs: rampMs };
  const hold: Stage = { kind: 'users', from: users, to: users, durationMs: totalMs - rampMs };
  return [ramp, hold].filter((stage) => stage.durationMs > 0);
}
