import { ended } from 'loadline/base';
import { readYaml } from 'loadline/base/source';
import type { TestOrder } from '../contract/index.ts';
import { type Mistake, Problem, pointerOf, problemOfJson } from '../problems/index.ts';

/**
 * The scenario that an order is for, as a value. What comes over the network may make this machine read no file and run
 * no code, so a scenario that names any is refused. Pure.
 *
 * @throws CONTROL_PLANE_SCENARIO_INVALID
 */
export function scenarioOf({ scenario, path = '/', profile, rate }: TestOrder): unknown {
  if (scenario === undefined) {
    if (profile === undefined && rate === undefined)
      throw invalid([{ in: 'body', pointer: '/profile', detail: 'is missing, and so is a scenario' }]);
    return onePath(path);
  }
  const value = typeof scenario === 'string' ? valueIn(scenario) : scenario;
  const mistakes = namesOutside(value);
  if (mistakes.length > 0) throw invalid(mistakes);
  return value;
}

export function invalid(errors: readonly Mistake[]): Problem {
  const [first] = errors;
  if (first === undefined)
    return new Problem('CONTROL_PLANE_SCENARIO_INVALID', 'The scenario cannot be run.');
  const many = errors.length > 1 ? `There are ${errors.length} mistakes, the first: ` : '';
  const detail = ended(`${many}${first.pointer} ${first.detail}`);
  return new Problem('CONTROL_PLANE_SCENARIO_INVALID', detail, { errors });
}

/** A file needs a load; a profile, or a rate, comes instead of it. */
function onePath(path: string): unknown {
  return {
    scenarios: { [`GET ${path}`]: { steps: [{ get: path }] } },
    load: [{ hold: { users: 1, for: '10s' } }],
  };
}

function valueIn(text: string): unknown {
  const { value, problems } = readYaml(text);
  if (problems.length > 0) throw invalid(problems.slice(0, mistakesMax).map(inText));
  const problem = problemOfJson(value);
  if (problem !== undefined) throw invalid([inText(problem)]);
  return value;
}

const mistakesMax = 20;

function inText(detail: string): Mistake {
  return { in: 'body', pointer: '/scenario', detail };
}

/** Every place at which a scenario file may name another file, or code. */
function namesOutside(value: unknown): Mistake[] {
  const mistakes: Mistake[] = [];
  const refuse = (path: readonly (string | number)[], what: string): void => {
    const detail = `${what}, which a scenario over the API may not`;
    mistakes.push({ in: 'body', pointer: pointerOf(['scenario', ...path]), detail });
  };
  if (keyOf(value, 'data') !== undefined) refuse(['data'], 'names files');
  const scenarios = keyOf(value, 'scenarios');
  for (const [name, scenario] of entriesOf(scenarios)) {
    if (keyOf(scenario, 'script') !== undefined) refuse(['scenarios', name, 'script'], 'names code');
    for (const path of filesSent(scenario)) refuse(['scenarios', name, ...path], 'names a file');
  }
  return mistakes;
}

/** Where the parts of bodies, however deep in loops and branches, name a file. The body's depth was limited before. */
function filesSent(value: unknown): (string | number)[][] {
  return entriesOf(value).flatMap(([key, inner]) => {
    const own =
      key === 'multipart'
        ? entriesOf(inner)
            .filter(([, part]) => keyOf(part, 'file') !== undefined)
            .map(([part]) => [key, part, 'file'])
        : [];
    return [...own, ...filesSent(inner).map((path) => [key, ...path])];
  });
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function keyOf(value: unknown, key: string): unknown {
  const isHolder = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return isHolder ? (value as Record<string, unknown>)[key] : undefined;
}
