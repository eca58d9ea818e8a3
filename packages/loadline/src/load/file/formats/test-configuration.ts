import { type Field, type Parsed, parse } from '../../../base/index.ts';
import { methods, type RequestStep, type Scenario } from '../../plan.ts';
import { noFragment, plainRequest } from '../grammar/request.ts';
import { fileDefaults, type ScenarioFile } from '../grammar/scenario-file.ts';
import { stagesOf } from './load-tests.ts';

/** Whether a document is a test configuration, or the list of its scenarios. */
export function isTestConfiguration(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => hasAny(item, ['endpoints']));
  return hasAny(value, ['testName', 'testType', 'virtualUsers', 'rampUpTime']);
}

/**
 * Reads a test configuration: `virtualUsers`, `duration` and `rampUpTime` in seconds, and `scenarios`, each with
 * its `weight`, the percentage of the users, and `endpoints` that each user calls `frequency` times a second.
 *
 * Each scenario has its share of the users for itself. A user keeps the sum of its frequencies as its pace, with
 * the randomness of calls that know nothing of each other, and draws the endpoint by its frequency. A list of
 * scenarios alone has no load; a profile or a rate gives it one.
 */
export function parseTestConfiguration(value: unknown): Parsed<ScenarioFile> {
  return parse(value, (root) => {
    if (Array.isArray(value)) {
      return { ...fileDefaults, share: 'users', scenarios: readScenarios(root), test: undefined };
    }
    const test = root.object(['testName', 'testType', 'virtualUsers', 'duration', 'rampUpTime', 'scenarios']);
    const name = test.required('testName').string();
    test.required('testType').oneOf(['load', 'stress', 'spike', 'endurance']);
    const users = test.required('virtualUsers').number({ whole: true, atLeast: 1, atMost: 1_000_000 });
    const totalSeconds = test.required('duration').number({ above: 0 });
    const rampSeconds = test.required('rampUpTime').number({ atLeast: 0 });
    if (rampSeconds > totalSeconds)
      test.required('rampUpTime').problem('must not be longer than duration, of which it is a part');
    const stages = stagesOf(users, rampSeconds * 1000, totalSeconds * 1000);
    return {
      ...fileDefaults,
      name,
      share: 'users',
      scenarios: readScenarios(test.required('scenarios')),
      test: { stages, thresholds: [], weights: undefined },
    };
  });
}

function hasAny(value: unknown, keys: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && keys.some((key) => Object.hasOwn(value, key));
}

function readScenarios(field: Field): Scenario[] {
  const scenarios = field.array(readScenario, { nonEmpty: true });
  const percent = scenarios.reduce((sum, scenario) => sum + scenario.weight, 0);
  if (scenarios.length > 0 && Math.abs(percent - 100) > 1e-6)
    field.problem(`must have weights that add up to 100, the percentage of users; they are ${percent}`);
  const names = scenarios.map((scenario) => scenario.name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) field.problem(`has two scenarios named ${JSON.stringify(repeated)}`);
  return scenarios;
}

function readScenario(item: Field): Scenario {
  const scenario = item.object(['name', 'weight', 'endpoints']);
  const calls = scenario.required('endpoints').array(readEndpoint, { nonEmpty: true });
  const perSecond = calls.reduce((sum, call) => sum + call.weight, 0);
  return {
    name: scenario.required('name').string(),
    weight: scenario.required('weight').number({ atLeast: 0, atMost: 100 }),
    steps: [
      { kind: 'pace', every: { kind: 'exponential', meanMs: 1000 / perSecond } },
      { kind: 'choose', branches: calls },
    ],
  };
}

/** A call as a branch: its frequency is its weight. */
function readEndpoint(item: Field): { readonly weight: number; readonly steps: readonly RequestStep[] } {
  const endpoint = item.object(['path', 'method', 'frequency']);
  const path = endpoint.required('path').string();
  if (path !== '' && !path.startsWith('/'))
    endpoint.required('path').problem('must begin with a slash, as in /api/dashboard');
  if (path.includes('#')) endpoint.required('path').problem(noFragment);
  const method = endpoint.required('method').oneOf(methods);
  const weight = endpoint.required('frequency').number({ above: 0, atMost: 1_000_000 });
  return { weight, steps: [plainRequest(method, path)] };
}
