import { basename, dirname, extname, resolve } from 'node:path';
import { formatPath, type Parsed, type Problem } from '../../base/index.ts';
import { listProblems, type Source } from '../../base/source/index.ts';
import { loadError } from '../errors.ts';
import type { LoadPlan } from '../plan.ts';
import type { ScenarioFunction } from '../scripts/scenario.ts';
import { modulesIn } from './files-of.ts';
import { isLoadTests, parseLoadTests } from './formats/load-tests.ts';
import { isTestConfiguration, parseTestConfiguration } from './formats/test-configuration.ts';
import { fileDefaults, parseScenarioFile, type ScenarioFile } from './grammar/scenario-file.ts';
import { modulesOf } from './modules-of.ts';
import { type PlanChoice, planFrom } from './plan-from.ts';
import { readSource } from './read-source.ts';
import { scriptEnvironment } from './script-environment.ts';
import { readSurroundings } from './surroundings.ts';

/** What a plan is made of besides its file. */
export interface PlanOptions extends Omit<PlanChoice, 'name'> {
  /** Where `{{$env.NAME}}` is looked up; default none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a scenario file with the files that it names, and makes the plan that was asked for. The file is YAML
 * or JSON, or TypeScript that exports the same or a scenario; its content says which of the known formats it is.
 *
 * @throws LOAD_FILE_UNREADABLE; LOAD_FILE_INVALID with every problem and its line, also as `facts.problems`;
 *   LOAD_OPTIONS_INVALID with every option that does not fit.
 */
export async function readLoadPlan(
  path: string,
  { env = {}, ...choice }: PlanOptions = {},
): Promise<LoadPlan> {
  const name = basename(path, extname(path));
  const source = await readSource(path);
  const parsed = await parseSource(source.value, { path, name, env });
  const scripts = scriptEnvironment(
    await modulesOf(modulesIn(path, source.value)),
    env,
    dirname(resolve(path)),
  );
  const problems = [...listProblems(source, parsed.ok ? [] : parsed.problems), ...scripts.problems];
  if (!parsed.ok || problems.length > 0) throw invalid(path, problems);
  const secrets = [...parsed.value.secrets, ...Object.values(scripts.values)];
  const plan = planFrom({ ...parsed.value, secrets }, { ...choice, name });
  if (plan.ok) return { ...plan.value, environment: scripts.values };
  throw loadError('LOAD_OPTIONS_INVALID', optionsMessage(path, plan.problems, source), {
    facts: { problems: plan.problems },
  });
}

async function parseSource(
  value: unknown,
  { path, name, env }: { readonly path: string; readonly name: string } & Required<Pick<PlanOptions, 'env'>>,
): Promise<Parsed<ScenarioFile>> {
  if (typeof value === 'function') return { ok: true, value: scriptFile(name, value as ScenarioFunction) };
  if (isLoadTests(value)) return parseLoadTests(value);
  if (isTestConfiguration(value)) return parseTestConfiguration(value);
  return parseScenarioFile(value, await readSurroundings(value, path, env));
}

/** A scenario alone, which says nothing of its load. */
function scriptFile(name: string, script: ScenarioFunction): ScenarioFile {
  return { ...fileDefaults, scenarios: [{ name, weight: 1, steps: [], script }], test: undefined };
}

/** Who has this many to correct need not be told of more at once. */
const problemsMax = 100;

function invalid(path: string, problems: readonly string[]): Error {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const shown = problems.slice(0, problemsMax).map((problem) => `  ${problem}`);
  const rest = problems.length - shown.length;
  const list = [...shown, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join('\n');
  return loadError('LOAD_FILE_INVALID', `Cannot use ${path}: it has ${count}.\n${list}`, {
    facts: { path, problems },
  });
}

function optionsMessage(path: string, problems: readonly Problem[], source: Source): string {
  const list = problems.map((problem) => {
    // What does not fit together with the load is the file's; all else was asked for besides it.
    if (problem.path[0] === 'data') return `  ${source.locate(problem)}`;
    return `  ${problem.path.length === 0 ? 'the load' : formatPath(problem.path)} ${problem.message}`;
  });
  return `Cannot plan the load of ${path}.\n${list.join('\n')}`;
}
