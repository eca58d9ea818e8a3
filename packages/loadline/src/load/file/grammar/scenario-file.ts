import { type Field, type ObjectField, type Parsed, parse } from '../../../base/index.ts';
import { type DataTable, tableOf } from '../../data/data-table.ts';
import { type DataSource, dataPicks, type Scenario, type Stage } from '../../plan.ts';
import type { ScenarioFunction } from '../../scripts/scenario.ts';
import type { HeaderTemplate } from '../../steps/request-parts.ts';
import type { Threshold } from '../../threshold.ts';
import type { ReadSentFile } from './body.ts';
import { overlayHeaders } from './headers.ts';
import { keys } from './keys.ts';
import { savedNames } from './named-files.ts';
import type { StepContext } from './request.ts';
import { readStages } from './stages.ts';
import { readSteps } from './steps.ts';
import { readTargetAddress } from './target.ts';
import { type Environment, environmentNames, readWithEnvironment } from './templates.ts';
import { readThresholds, unknownName } from './thresholds.ts';

/** A scenario file, parsed: what `planFrom` makes a plan of. */
export interface ScenarioFile {
  readonly name: string | undefined;
  readonly target: string | undefined;
  readonly seed: number | undefined;
  readonly requestTimeoutMs: number;
  readonly usersMax: number;
  readonly data: readonly DataSource[];
  readonly scenarios: readonly Scenario[];
  /** Of every test. */
  readonly thresholds: readonly Threshold[];
  /** The test that the file describes when it holds just one. */
  readonly test: FileTest | undefined;
  /** The tests among which `--profile` chooses. */
  readonly tests: ReadonlyMap<string, FileTest>;
  /** What came from the environment and must not stand in a result. */
  readonly secrets: readonly string[];
  /** `target`: the only step is to get the target's own path. Default the scenarios' own steps. */
  readonly visits?: 'target';
  /** What the weights share: iterations, each of which draws its scenario, or users, who keep to theirs. */
  readonly share: 'iterations' | 'users';
}

/** A load with what it is judged by. */
export interface FileTest {
  readonly stages: readonly Stage[];
  /** Besides those of the file. */
  readonly thresholds: readonly Threshold[];
  /** Scenario → weight, where the test has its own. */
  readonly weights: ReadonlyMap<string, number> | undefined;
}

/** What a file has that says nothing of it. */
export const fileDefaults: Omit<ScenarioFile, 'scenarios' | 'test'> = {
  name: undefined,
  target: undefined,
  seed: undefined,
  requestTimeoutMs: 10_000,
  usersMax: 1000,
  data: [],
  share: 'iterations',
  thresholds: [],
  tests: new Map(),
  secrets: [],
};

/** What stands around a scenario file, read beforehand. Each by the name that stands in the file. */
export interface Surroundings {
  /** A problem completes "people.csv …". */
  readonly readTable: (file: string) => DataTable | { readonly problem: string };
  readonly readFile: ReadSentFile;
  readonly readScript: (file: string) => ScenarioFunction | { readonly problem: string };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Parses a scenario file's value. Pure: what it names was read by the caller. */
export function parseScenarioFile(value: unknown, surroundings: Surroundings): Parsed<ScenarioFile> {
  return parse(value, (root) => {
    const file = root.object(keys.file);
    const data = file.has('data') ? readData(file.required('data'), surroundings.readTable) : [];
    const environment: Environment = { values: surroundings.env, taken: new Set() };
    const names = {
      columns: new Map(data.map((source) => [source.name, source.table.columns])),
      variables: savedNames(value),
      environment,
    };
    const context = { names, headers: overlayHeaders([], file, names), readFile: surroundings.readFile };
    const scenarios = readScenarios(file.required('scenarios'), context, surroundings.readScript);
    const limits = file.optional('limits')?.object(keys.limits);
    const target = file.optional('target');
    return {
      name: file.optional('name')?.string(),
      // The address stands in the report: what it is made of is no secret.
      target: target && readTarget(target, { ...environment, taken: new Set() }),
      seed: file.optional('seed')?.number({ whole: true, atLeast: 0 }),
      requestTimeoutMs:
        limits?.optional('request_timeout')?.duration({ above: 0, atMost: 3_600_000 }) ??
        fileDefaults.requestTimeoutMs,
      usersMax:
        limits?.optional('users_max')?.number({ whole: true, atLeast: 1, atMost: 1_000_000 }) ??
        fileDefaults.usersMax,
      data,
      share: file.optional('share')?.oneOf(['iterations', 'users']) ?? fileDefaults.share,
      scenarios,
      thresholds: readThresholds(file.optional('thresholds'), scenarios),
      ...readTests(file, scenarios),
      secrets: [...environment.taken],
    };
  });
}

/** Of an address that lacks a value nothing else is said. */
function readTarget(field: Field, environment: Environment): string {
  const target = readWithEnvironment(field, environment);
  const isWhole = environmentNames(field.value).every((name) => environment.values[name] !== undefined);
  if (target !== '' && isWhole) readTargetAddress(field, target, { mayHaveQuery: false });
  return target;
}

const emptyTable: DataTable = tableOf([], []);

function readData(field: Field, readTable: Surroundings['readTable']): DataSource[] {
  const sources = field.record((entry, name): DataSource => {
    const source = entry.object(keys.data);
    const file = source.required('file').string();
    const table = file === '' ? emptyTable : readTable(file);
    if ('problem' in table) source.required('file').problem(table.problem);
    return {
      name,
      file,
      pick: source.optional('pick')?.oneOf(dataPicks) ?? 'sequential',
      table: 'problem' in table ? emptyTable : table,
    };
  });
  return [...sources.values()];
}

function readScenarios(
  field: Field,
  context: StepContext,
  readScript: Surroundings['readScript'],
): Scenario[] {
  if (field.value === undefined) {
    field.problem('is missing; a file needs at least one scenario with steps');
    return [];
  }
  const scenarios = field.record((entry, name): Scenario => {
    const scenario = entry.object(keys.scenario);
    const stages = scenario.optional('load');
    if (stages !== undefined && scenario.has('weight'))
      scenario.required('weight').problem('stands beside load; who has a load of its own shares none');
    return {
      name,
      weight: scenario.optional('weight')?.number({ atLeast: 0 }) ?? 1,
      ...readWork(scenario, overlayHeaders(context.headers, scenario, context.names), context, readScript),
      ...(stages === undefined ? {} : { stages: readStages(stages) }),
    };
  });
  if (scenarios.size === 0 && typeof field.value === 'object')
    field.problem('must hold at least one scenario');
  return [...scenarios.values()];
}

/** What a scenario does: steps, or a function that was written in TypeScript. */
function readWork(
  scenario: ObjectField<(typeof keys.scenario)[number]>,
  headers: readonly HeaderTemplate[],
  context: StepContext,
  readScript: Surroundings['readScript'],
): Pick<Scenario, 'steps' | 'script'> {
  const script = scenario.optional('script');
  if (script === undefined) return { steps: readSteps(scenario.required('steps'), { ...context, headers }) };
  for (const key of ['steps', 'headers', 'auth'] as const)
    scenario.optional(key)?.problem('stands beside script, which says all of it itself');
  if (typeof script.value === 'function') return { steps: [], script: script.value as ScenarioFunction };
  const read = readScript(script.string());
  if (typeof read === 'function') return { steps: [], script: read };
  if (typeof script.value === 'string') script.problem(read.problem);
  return { steps: [] };
}

/** `load`, or `tests` each with its own, or scenarios that all have a load of their own. */
function readTests(
  file: ObjectField<(typeof keys.file)[number]>,
  scenarios: readonly Scenario[],
): Pick<ScenarioFile, 'test' | 'tests'> {
  const sharing = scenarios.filter((scenario) => scenario.stages === undefined);
  const tests = file.optional('tests')?.record((entry): FileTest => {
    const test = entry.object(keys.test);
    return {
      stages: readStages(test.required('load')),
      thresholds: readThresholds(test.optional('thresholds'), scenarios),
      weights: readWeights(test.optional('weights'), sharing),
    };
  });
  const load = file.optional('load');
  if (load === undefined && tests === undefined && sharing.length > 0) {
    file.field.problem(
      'has no load; add `load:` with stages like `- hold: { users: 10, for: 30s }`, or `tests:`',
    );
  }
  if (load !== undefined && sharing.length === 0 && scenarios.length > 0)
    load.problem("is nobody's: every scenario has a load of its own");
  const isWhole = load !== undefined || (tests === undefined && scenarios.length > 0);
  const test = { stages: load === undefined ? [] : readStages(load), thresholds: [], weights: undefined };
  return { test: isWhole ? test : undefined, tests: tests ?? new Map() };
}

function readWeights(
  field: Field | undefined,
  scenarios: readonly Scenario[],
): ReadonlyMap<string, number> | undefined {
  const names = scenarios.map((scenario) => scenario.name);
  const weights = field?.record((entry, name) => {
    if (!names.includes(name)) entry.problem(unknownName('scenario', name, names));
    return entry.number({ atLeast: 0 });
  });
  if (weights !== undefined && ![...weights.values()].some((weight) => weight > 0))
    field?.problem('must give at least one scenario a weight above 0');
  return weights;
}
