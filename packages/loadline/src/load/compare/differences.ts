import { comparedMetrics } from './metrics.ts';
import type { ReportedRun } from './reported-run.ts';

/** Something besides the build in which the sides differ: it may be the cause of any change. */
export interface Difference {
  /** `cpu`, `target`, `seed` … */
  readonly what: string;
  /** The values that each side's runs have. */
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** Where the sides were not measured alike. Pure. */
export function differencesOf(a: readonly ReportedRun[], b: readonly ReportedRun[]): Difference[] {
  return Object.entries(conditions).flatMap(([what, of]) => {
    // What some report does not say cannot be told to differ.
    if ([...a, ...b].some((run) => of(run) === undefined)) return [];
    const values = {
      a: distinct(a.flatMap((run) => of(run) ?? [])),
      b: distinct(b.flatMap((run) => of(run) ?? [])),
    };
    const isSame = values.a.length === values.b.length && values.a.every((each) => values.b.includes(each));
    return isSame ? [] : [{ what, ...values }];
  });
}

const conditions: Readonly<Record<string, (run: ReportedRun) => string | undefined>> = {
  plan: (run) => run.name,
  load: (run) => run.planned?.load.join('; '),
  scenario: (run) => run.planned?.fingerprint,
  target: (run) => run.target,
  endpoints: (run) =>
    run.endpoints
      .map(({ name }) => name)
      .sort()
      .join(', '),
  'planned length': (run) => `${run.plannedMs / 1000} s`,
  seed: (run) => String(run.seed),
  loadline: ({ environment }) => environment.loadline,
  node: ({ environment }) => environment.node,
  os: ({ environment }) => `${environment.os} ${environment.arch}`,
  cpu: ({ environment }) => environment.cpuModel,
  cores: ({ environment }) => String(environment.cores),
  memory: ({ environment }) => `${Math.round(environment.memoryBytes / 2 ** 30)} GiB`,
  workers: ({ environment }) => String(environment.workers),
};

/** What weakens the comparison. Pure. */
export function warningsOf(a: readonly ReportedRun[], b: readonly ReportedRun[]): string[] {
  return [aboutNumber(a.length, b.length), aboutOrder(a, b), aboutRepeats(a, b), aboutWhole(a, b)].flatMap(
    (warning) => warning ?? [],
  );
}

/** Endpoints that only one side has: where there are any, the whole is of other requests. Pure. */
export function endpointsOfOne(
  a: readonly (readonly string[])[],
  b: readonly (readonly string[])[],
): string[] {
  return [...new Set(a.flat()).symmetricDifference(new Set(b.flat()))];
}

function aboutNumber(a: number, b: number): string | undefined {
  if (a > 1 && b > 1) return undefined;
  if (a > 1 || b > 1) {
    const [one, other] = a === 1 ? ['A', 'B'] : ['B', 'A'];
    return `${one} is a single run: it is taken for granted that its build varies from run to run as ${other} does.`;
  }
  const assumed = comparedMetrics.map(({ name, assumedDeviation }) => `${name} ${assumedDeviation * 100} %`);
  return `One run on each side cannot tell how much runs of one build differ. That was assumed (${assumed.join(', ')}), so only large changes can be told.`;
}

/** Machines drift: what was measured later as a whole is later in everything. */
function aboutOrder(a: readonly ReportedRun[], b: readonly ReportedRun[]): string | undefined {
  if (a.length < 2 && b.length < 2) return undefined;
  const [first, second] = [a, b].map((runs) => runs.map((run) => Date.parse(run.startedAt)));
  const isBefore = (earlier: readonly number[] = [], later: readonly number[] = []): boolean =>
    Math.max(...earlier) < Math.min(...later);
  if (!isBefore(first, second) && !isBefore(second, first)) return undefined;
  return 'One side was measured as a whole before the other: what drifted meanwhile looks like a change. Let the builds take turns.';
}

function aboutRepeats(a: readonly ReportedRun[], b: readonly ReportedRun[]): string | undefined {
  const keyOf = (run: ReportedRun): string => `${run.startedAt} ${run.total.latencyHistogram}`;
  const keys = new Set(a.map(keyOf));
  if (b.some((run) => keys.has(keyOf(run))))
    return 'A run stands on both sides: that part is compared with itself.';
  return undefined;
}

function aboutWhole(a: readonly ReportedRun[], b: readonly ReportedRun[]): string | undefined {
  const namesOf = (runs: readonly ReportedRun[]): string[][] =>
    runs.map(({ endpoints }) => endpoints.map(({ name }) => name));
  const found = endpointsOfOne(namesOf(a), namesOf(b));
  if (found.length === 0) return undefined;
  const rest = found.length - namedMax;
  const named = `${found.slice(0, namedMax).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return `The whole is not compared: only one side has ${named}.`;
}

const namedMax = 3;

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
