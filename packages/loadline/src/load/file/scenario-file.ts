import { closest, type Field, type ObjectField, type Parsed, type Problem, parse } from '../../base/index.ts';
import type { DataPick, Scenario, Stage } from '../plan.ts';
import { dataPicks } from '../plan.ts';
import { parseThreshold, type Threshold, thresholdMetrics } from '../threshold.ts';
import { type DataTable, emptyTable } from './data-file.ts';
import { readStages } from './stages.ts';
import { readSteps } from './steps.ts';

/** A scenario file, parsed: what `planFrom` makes a plan of. */
export interface ScenarioFile {
  readonly name: string | undefined;
  readonly target: string | undefined;
  readonly seed: number | undefined;
  readonly requestTimeoutMs: number;
  readonly usersMax: number;
  readonly data: readonly FileData[];
  readonly scenarios: readonly Scenario[];
  /** The test that the file describes when it holds just one. */
  readonly test: FileTest | undefined;
  /** The tests among which `--profile` chooses. */
  readonly tests: ReadonlyMap<string, FileTest>;
}

export interface FileData {
  readonly name: string;
  readonly file: string;
  readonly pick: DataPick;
  readonly table: DataTable;
}

/** A load with what it is judged by. */
export interface FileTest {
  readonly stages: readonly Stage[];
  readonly thresholds: readonly Threshold[];
  /** Scenario → weight, where the test has its own. */
  readonly weights: ReadonlyMap<string, number> | undefined;
}

/** Reads a data file by the name that stands in the scenario file; a problem completes "people.csv …". */
export type ReadTable = (file: string) => DataTable | { readonly problem: string };

/** Parses a scenario file's value. Pure: the data files are read by the caller. */
export function parseScenarioFile(value: unknown, readTable: ReadTable): Parsed<ScenarioFile> {
  return parse(value, (root) => {
    const file = root.object(fileKeys);
    const data = file.optional('data') === undefined ? [] : readData(file.required('data'), readTable);
    const names = {
      columns: columnsOf(data),
      variables: savedNames(root.at('scenarios')),
      headers: file.optional('headers'),
    };
    const scenarios = readScenarios(file.required('scenarios'), (steps) => readSteps(steps, names));
    const limits = file.optional('limits')?.object(['request_timeout', 'users_max']);
    return {
      name: file.optional('name')?.string(),
      target: file.optional('target')?.string(),
      seed: file.optional('seed')?.number({ whole: true, atLeast: 0 }),
      requestTimeoutMs:
        limits?.optional('request_timeout')?.duration({ above: 0, atMost: 3_600_000 }) ?? 10_000,
      usersMax: limits?.optional('users_max')?.number({ whole: true, atLeast: 1, atMost: 1_000_000 }) ?? 1000,
      data,
      scenarios,
      ...readTests(file, scenarios),
    };
  });
}

/** The data files that a file names, so that they can be read before it is parsed. */
export function dataFilesOf(value: unknown): string[] {
  const data = (value as { data?: Record<string, { file?: unknown }> } | null | undefined)?.data;
  if (typeof data !== 'object' || data === null) return [];
  return Object.values(data).flatMap((source) => (typeof source?.file === 'string' ? [source.file] : []));
}

const fileKeys = [
  'name',
  'target',
  'seed',
  'limits',
  'headers',
  'data',
  'scenarios',
  'load',
  'thresholds',
  'tests',
] as const;

function readData(field: Field, readTable: ReadTable): FileData[] {
  return [...field.record((entry, name) => readDataSource(entry, name, readTable)).values()];
}

function readDataSource(entry: Field, name: string, readTable: ReadTable): FileData {
  const source = entry.object(['file', 'pick']);
  const file = source.required('file').string();
  const table = file === '' ? emptyTable : readTable(file);
  if ('problem' in table) source.required('file').problem(table.problem);
  return {
    name,
    file,
    pick: source.optional('pick')?.oneOf(dataPicks) ?? 'sequential',
    table: 'problem' in table ? emptyTable : table,
  };
}

function readScenarios(field: Field, steps: (field: Field) => Scenario['steps']): Scenario[] {
  if (field.value === undefined) {
    field.problem('is missing; a file needs at least one scenario with steps');
    return [];
  }
  const scenarios = field.record((entry, name): Scenario => {
    const scenario = entry.object(['weight', 'steps']);
    const weight = scenario.optional('weight')?.number({ atLeast: 0 }) ?? 1;
    return { name, weight, steps: steps(scenario.required('steps')) };
  });
  if (scenarios.size === 0) field.problem('must hold at least one scenario');
  return [...scenarios.values()];
}

/** Either `load` with `thresholds`, or `tests`, each with its own. */
function readTests(
  file: ObjectField<(typeof fileKeys)[number]>,
  scenarios: readonly Scenario[],
): Pick<ScenarioFile, 'test' | 'tests'> {
  const shared = readThresholds(file.optional('thresholds'), scenarios);
  const tests = file.optional('tests')?.record((entry) => {
    const test = entry.object(['load', 'thresholds', 'weights']);
    return {
      stages: readStages(test.required('load')),
      thresholds: [...shared, ...readThresholds(test.optional('thresholds'), scenarios)],
      weights: readWeights(test.optional('weights'), scenarios),
    };
  });
  if (!file.has('load') && !file.has('tests')) {
    file.field.problem(
      'has no load; add `load:` with stages like `- hold: { users: 10, for: 30s }`, or `tests:`',
    );
  }
  if (!file.has('load')) return { test: undefined, tests: tests ?? new Map() };
  const test = { stages: readStages(file.required('load')), thresholds: shared, weights: undefined };
  return { test, tests: tests ?? new Map() };
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
  if (weights !== undefined && ![...weights.values()].some((weight) => weight > 0)) {
    field?.problem('must give at least one scenario a weight above 0');
  }
  return weights;
}

function readThresholds(field: Field | undefined, scenarios: readonly Scenario[]): Threshold[] {
  if (field === undefined) return [];
  const scopes = [
    ...scenarios.map((scenario) => scenario.name),
    ...scenarios.flatMap((scenario) =>
      scenario.steps.flatMap((step) => (step.kind === 'request' ? [step.name] : [])),
    ),
  ];
  const lists = field.record((entry, key) => {
    const dot = key.lastIndexOf('.');
    const scope = dot < 0 ? undefined : key.slice(0, dot);
    const metric = thresholdMetrics.find((each) => each === key.slice(dot + 1));
    if (metric === undefined) {
      entry.problem(`must end in one of ${thresholdMetrics.join(', ')}`);
      return [];
    }
    if (scope !== undefined && metric === 'dropped')
      entry.problem('is known for the whole run only; write it without a name');
    if (scope !== undefined && !scopes.includes(scope))
      entry.problem(unknownName('scenario or step', scope, scopes));
    const texts = Array.isArray(entry.value) ? entry.array((item) => item) : [entry];
    return texts.flatMap((item) => readThreshold(item, metric, scope));
  });
  return [...lists.values()].flat();
}

function readThreshold(item: Field, metric: Threshold['metric'], scope: string | undefined): Threshold[] {
  const threshold = parseThreshold(metric, scope, item.string());
  if (!('problem' in threshold)) return [threshold];
  if (typeof item.value === 'string') item.problem(threshold.problem);
  return [];
}

function unknownName(kind: string, name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
  return `names no ${kind}: ${JSON.stringify(name)}; ${hint}`;
}

function columnsOf(data: readonly FileData[]): ReadonlyMap<string, readonly string[]> {
  return new Map(data.map((source) => [source.name, source.table.columns]));
}

/** Every name that any step of any scenario saves. */
function savedNames(scenarios: Field): ReadonlySet<string> {
  const names = new Set<string>();
  const values =
    typeof scenarios.value === 'object' && scenarios.value !== null ? Object.values(scenarios.value) : [];
  for (const scenario of values as { steps?: unknown }[]) {
    const steps = Array.isArray(scenario?.steps) ? (scenario.steps as { save?: unknown }[]) : [];
    for (const step of steps) {
      if (typeof step?.save === 'object' && step.save !== null)
        for (const name of Object.keys(step.save)) names.add(name);
    }
  }
  return names;
}

/** Problems of several kinds in the order of their lines, as one message. */
export function listProblems(problems: readonly Problem[], locate: (problem: Problem) => string): string[] {
  const line = (text: string): number => Number(/^line (\d+)/.exec(text)?.[1] ?? 0);
  return problems.map(locate).toSorted((a, b) => line(a) - line(b));
}
