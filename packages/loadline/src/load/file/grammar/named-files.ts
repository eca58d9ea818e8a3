/** What a scenario file names, found before it is parsed, so that it can be read and told apart by then. */
export interface NamedFiles {
  /** Of `data`. */
  readonly tables: readonly string[];
  /** Parts of multipart bodies. */
  readonly sent: readonly string[];
  /** Scenarios in TypeScript. */
  readonly scripts: readonly string[];
}

export function namedFiles(value: unknown): NamedFiles {
  const scenarios = valuesOf(at(value, 'scenarios'));
  const parts = stepsOf(scenarios).flatMap((step) => valuesOf(at(step, 'multipart')));
  return {
    tables: texts(valuesOf(at(value, 'data')).map((source) => at(source, 'file'))),
    sent: texts(parts.map((part) => at(part, 'file'))),
    scripts: texts(scenarios.map((scenario) => at(scenario, 'script'))),
  };
}

/** Every name that any step of any scenario saves. */
export function savedNames(value: unknown): ReadonlySet<string> {
  const steps = stepsOf(valuesOf(at(value, 'scenarios')));
  return new Set(steps.flatMap((step) => keysOf(at(step, 'save'))));
}

/** Deeper than a file may go: what was written may be anything. */
const depthMax = 20;

/** All steps of what has `steps`: of scenarios, loops and branches. */
function stepsOf(holders: readonly unknown[], depth = 0): unknown[] {
  if (depth > depthMax) return [];
  const steps = holders.flatMap((holder) => listOf(at(holder, 'steps')));
  const inner = steps.flatMap((step) => [at(step, 'repeat'), ...listOf(at(step, 'choose'))]);
  return inner.length === 0 ? steps : [...steps, ...stepsOf(inner.filter(isHolder), depth + 1)];
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function at(value: unknown, key: string): unknown {
  return isHolder(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function valuesOf(value: unknown): unknown[] {
  return isHolder(value) ? Object.values(value) : [];
}

function keysOf(value: unknown): string[] {
  return isHolder(value) ? Object.keys(value) : [];
}

function texts(values: readonly unknown[]): string[] {
  return [...new Set(values.filter((value): value is string => typeof value === 'string' && value !== ''))];
}
