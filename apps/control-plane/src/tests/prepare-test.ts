import {
  type Problem as FieldProblem,
  formatDuration,
  isLoadlineError,
  type LoadlineError,
} from 'loadline/base';
import { extentOf, type LoadPlan, type PlanOptions, readLoadPlan, usersAtMost } from 'loadline/load';
import type { TestOrder } from '../contract/index.ts';
import { type Mistake, pointerOf } from '../problems/index.ts';
import { removeFolder, scenarioFileIn, writeScenario } from './run-files.ts';
import { invalid, scenarioOf } from './scenario-of.ts';

/** A test of which is known that it can be run. */
export interface PreparedTest {
  readonly name: string;
  /** `load`, or the last word of its profile. */
  readonly type: string;
  readonly target: string;
  readonly work: TestWork;
}

/** What whoever runs a test needs. */
export interface TestWork {
  /** As JSON text, in which the order of keys survives wherever it is kept. */
  readonly scenario: string;
  readonly choice: PlanOptions;
}

/**
 * Puts an order's scenario into a folder and reads it as the run will, so that what is wrong with it is told now.
 *
 * @param folder is made for this, and removed.
 * @throws CONTROL_PLANE_SCENARIO_INVALID
 */
export async function prepareTest(
  order: TestOrder,
  { folder, limits }: { readonly folder: string; readonly limits: PlanLimits },
): Promise<PreparedTest> {
  const scenario = scenarioOf(order);
  const work = { scenario: JSON.stringify(scenario), choice: choiceOf(order) };
  if (Buffer.byteLength(work.scenario) > scenarioBytesMax)
    throw invalid([{ in: 'body', pointer: '/scenario', detail: 'unfolds to more than 2 MiB of JSON' }]);
  const plan = await readPlan(folder, work);
  const beyond = beyondLimits(order, plan, limits);
  if (beyond.length > 0) throw invalid(beyond);
  const named = (scenario as { readonly name?: unknown }).name;
  const name = order.name ?? order.profile ?? (typeof named === 'string' ? named : 'load test');
  const type = order.profile?.split('/').at(-1) ?? 'load';
  return { name: name.slice(0, 100), type: type.slice(0, 50), target: plan.target, work };
}

/** What a test may be here. */
export interface PlanLimits {
  readonly usersMax: number;
  readonly durationMsMax: number;
}

function beyondLimits(
  { profile, scale, duration }: TestOrder,
  plan: LoadPlan,
  { usersMax, durationMsMax }: PlanLimits,
): Mistake[] {
  const users = usersAtMost(plan);
  const { plannedMs } = extentOf(plan);
  const origin = profile === undefined ? '/scenario' : '/profile';
  return [
    ...(users <= usersMax
      ? []
      : [
          mistake(
            scale === undefined ? origin : '/scale',
            `leads to ${users} users; here are ${usersMax} allowed`,
          ),
        ]),
    ...(plannedMs <= durationMsMax
      ? []
      : [
          mistake(
            duration === undefined ? origin : '/duration',
            `leads to ${formatDuration(plannedMs)}; here are ${formatDuration(durationMsMax)} allowed`,
          ),
        ]),
  ];
}

function mistake(pointer: string, detail: string): Mistake {
  return { in: 'body', pointer, detail };
}

/** Half of what the store keeps of a plan, since quotes in it are escaped there. */
const scenarioBytesMax = 2 * 1024 * 1024;

function choiceOf({ target, profile, scale, rate, duration, seed }: TestOrder): PlanOptions {
  return { target, profile, scale, rate, duration, seed };
}

async function readPlan(folder: string, { scenario, choice }: TestWork): Promise<LoadPlan> {
  try {
    await writeScenario(folder, scenario);
    return await readLoadPlan(scenarioFileIn(folder), choice);
  } catch (error) {
    if (!isLoadlineError(error)) throw error;
    throw invalid(mistakesOf(error));
  } finally {
    await removeFolder(folder);
  }
}

/** The load room's problems as places of the request. */
function mistakesOf({ code, facts }: LoadlineError): Mistake[] {
  const problems = (facts.problems ?? []) as readonly unknown[];
  if (problems.length === 0) return [{ in: 'body', pointer: '/scenario', detail: 'cannot be read' }];
  return problems.map((problem) => {
    if (code === 'LOAD_FILE_INVALID') return inScenario(String(problem));
    const { path, message } = problem as FieldProblem;
    const place = path.length === 0 || path[0] === 'data' ? ['scenario'] : path;
    // Over the API there is no option to give it by.
    const isTargetless = path[0] === 'target' && message.startsWith('is missing');
    return { in: 'body', pointer: pointerOf(place), detail: isTargetless ? targetless : message };
  });
}

const targetless = 'is missing: say what to load, like http://127.0.0.1:8080';

/** `line 1, scenarios.browse.steps[0].get must be …`: the line is that of our own copy, the path is that of the order. */
function inScenario(text: string): Mistake {
  const withoutLine = text.replace(/^line \d+[,:] /, '');
  const [, path = '', detail = withoutLine] =
    /^((?:[\w-]+|\[\d+\])(?:\.[\w-]+|\[\d+\])+) (.*)$/s.exec(withoutLine) ?? [];
  const keys = [...path.matchAll(/[\w-]+/g)].map(([key]) => key);
  return { in: 'body', pointer: pointerOf(['scenario', ...keys]), detail };
}
