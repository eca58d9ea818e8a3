/**
 * What every benchmark needs: rows to report, contenders that take turns on one core, the longest time that
 * the event loop stood still, and the machine that it all ran on. Setup stays outside the clock, and nothing
 * is subtracted: what the loop itself costs is a contender of its own.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One measured figure. */
export interface Row {
  /** What was measured. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The middle half of the rounds, as a share of the median: 0.1 when they lie within 10 %. */
  readonly spread?: number;
  /** Who did the same in the same run, how they fared, and `value / rivalValue`; of paired rounds, their median. */
  readonly rival?: string;
  readonly rivalValue?: number;
  readonly ratio?: number;
  /** What the figure must be, in words, and whether it is. */
  readonly target?: string;
  readonly met?: boolean;
}

/** How a benchmark is asked to run. */
export interface BenchOptions {
  /** A quick look, too short to quote. */
  readonly short: boolean;
  /** One of the benchmark's parts; undefined for all of them. */
  readonly only: string | undefined;
  /** Tells whoever waits what is going on. */
  progress(message: string): void;
}

/** What a file in this folder exports. */
export interface Benchmark {
  /** What `--only` may name; absent where it can only be run whole. */
  readonly parts?: readonly string[];
  run(options: BenchOptions): Promise<readonly Row[]>;
}

/** Median and spread of a contender's rounds. */
export interface Figure {
  readonly median: number;
  readonly spread: number;
  readonly worst: number;
}

/**
 * Does the same work `operations` times in a loop *of its own*: were one loop shared, its call would see
 * every contender and be compiled for none. Returns something that depends on all of the work, so that none
 * of it can be left out.
 */
export type Contender = (operations: number) => number;

/** Nanoseconds an operation, of contenders that take turns: what disturbs the machine disturbs them all. */
export function timeContenders<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  options: BenchOptions,
): Readonly<Record<Name, Figure>> {
  const [rounds, roundMs, warmUpMs] = options.short ? [5, 20, 60] : [25, 100, 400];
  const names = Object.keys(contenders) as Name[];
  const operations = new Map<Name, number>();
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (const name of names) {
    const perMs = warmUp(contenders[name], warmUpMs);
    operations.set(name, Math.max(1, Math.round(perMs * roundMs)));
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length] as Name;
      const count = operations.get(name) as number;
      samples.get(name)?.push((timeMs(contenders[name], count) * 1e6) / count);
    }
  }
  const entries = names.map((name) => [name, figureOf(samples.get(name) as number[])] as const);
  return Object.fromEntries(entries) as Record<Name, Figure>;
}

/**
 * Runs the work, and gives the longest time in milliseconds for which the event loop had no turn meanwhile.
 * Garbage that others left is collected first, so that nobody pays for it but who made it.
 */
export async function longestBlockMs(work: () => Promise<void>): Promise<number> {
  collectGarbage();
  let longestMs = 0;
  let lastMs = performance.now();
  let isDone = false;
  function look(): void {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (!isDone) setImmediate(look);
  }
  setImmediate(look);
  try {
    await work();
  } finally {
    isDone = true; // Else the looking would keep the process busy for ever.
  }
  return Math.max(longestMs, performance.now() - lastMs);
}

/** Median, spread and worst of some samples. */
export function figureOf(samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] as number;
  return { median: at(0.5), spread: (at(0.75) - at(0.25)) / at(0.5), worst: at(1) };
}

/** A row about one figure, beside a rival's and judged by a target where these are given. */
export function rowOf(
  measured: {
    readonly name: string;
    readonly unit: string;
    readonly value: number;
    readonly spread?: number;
  },
  beside: {
    readonly rival?: string;
    readonly rivalValue?: number;
    readonly target?: string;
    readonly met?: boolean;
  } = {},
): Row {
  const { rivalValue } = beside;
  return {
    ...measured,
    ...beside,
    ...(rivalValue === undefined ? {} : { ratio: measured.value / rivalValue }),
  };
}

/** What share of all cores is at work while this process only waits: what others do here, whom figures share the machine with. */
export async function otherWork(forMs = 1000): Promise<number> {
  const before = coreTimes();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const after = coreTimes();
  return 1 - (after.idleMs - before.idleMs) / (after.allMs - before.allMs);
}

function coreTimes(): { readonly idleMs: number; readonly allMs: number } {
  const times = cpus().flatMap((core) => Object.entries(core.times));
  const sum = (some: typeof times): number => some.reduce((total, [, ms]) => total + ms, 0);
  return { idleMs: sum(times.filter(([name]) => name === 'idle')), allMs: sum(times) };
}

/** The machine and the state of the code, without anything that names this machine. */
export function environment(options: BenchOptions): Readonly<Record<string, string | number | boolean>> {
  return {
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    short: options.short,
  };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function warmUp(contender: Contender, forMs: number): number {
  const startMs = performance.now();
  let spentMs = 0;
  let done = 0;
  for (let count = 1; performance.now() - startMs < forMs; count = Math.min(count * 2, 1 << 20)) {
    spentMs = timeMs(contender, count);
    done = count;
  }
  return done / spentMs;
}

function timeMs(contender: Contender, operations: number): number {
  const startMs = performance.now();
  const result = contender(operations);
  const endMs = performance.now();
  if (Number.isNaN(result)) throw new Error('A contender returned NaN: it did not do its work.');
  return endMs - startMs;
}

function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short', 'HEAD').trim() + (isChanged ? ' and changes' : '');
  } catch {
    return 'unknown';
  }
}
