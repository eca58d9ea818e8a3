/** The tools that make load: how each is told what to do, and where it says what it did. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { LoadReport } from 'loadline/load';
import { type Command, cores } from './processes.ts';

export interface Job {
  readonly url: string;
  /** Before what counts, so that what compiles itself while it runs has done so. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** What a tool says of its own run. */
export interface Told {
  /** All requests that it sent, those of the warm-up too; undefined where it does not say. */
  readonly requests: number | undefined;
  /** After the warm-up. */
  readonly perSecond: number;
}

export interface Contender {
  readonly name: string;
  readonly command: (job: Job) => Command;
  /** Exit codes with which it has done its work. */
  readonly codes: readonly number[];
  readonly read: (stdout: string, job: Job) => Told;
}

const connections = 64;

/** Compiled C: it needs no warm-up, and its run is as long as the others' with theirs. */
export const wrk: Contender = {
  name: 'wrk',
  command: ({ url, warmUpSeconds, seconds }) => wrkCommand(url, warmUpSeconds + seconds),
  codes: [0],
  read(stdout) {
    const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
    if (Number.isNaN(requests + perSecond)) throw new Error(`Cannot read what wrk printed: ${stdout}`);
    return { requests, perSecond };
  },
};

export const autocannon: Contender = {
  name: 'autocannon',
  command: ({ url, warmUpSeconds, seconds }) => {
    const warmUp = ['--warmup', '[', '-c', String(connections), '-d', String(warmUpSeconds), ']'];
    return autocannonCommand(url, seconds, warmUp);
  },
  codes: [0],
  read(stdout) {
    const last = stdout.trim().split('\n').at(-1) ?? '';
    const { requests, duration } = JSON.parse(last) as { requests: { total: number }; duration: number };
    return { requests: undefined, perSecond: requests.total / duration };
  },
};

export interface LoadlineOptions {
  /** Default: the core of generators. */
  readonly core?: Command['core'];
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `loadline run` with a scenario file of this folder. */
export function loadline(
  name: string,
  file: string,
  { core = cores.generator, words = [], env = {} }: LoadlineOptions = {},
): Contender {
  return {
    name,
    command: ({ url, warmUpSeconds, seconds }) => ({
      ...loadlineRun(file, ['--target', url, '--duration', `${warmUpSeconds + seconds}s`, ...words]),
      core,
      env,
    }),
    codes: runCodes,
    read(stdout, { warmUpSeconds, seconds }) {
      const report = readReport(stdout);
      const { failed } = report.total.checks;
      if (report.total.errors + failed > 0) {
        throw new Error(`Cannot count ${name}: ${report.total.errors} errors, ${failed} checks failed.`);
      }
      // Whole seconds between the warm-up and the end.
      const rows = report.total.timeline.filter(
        ({ startMs, durationMs }) =>
          startMs >= warmUpSeconds * 1000 && startMs + durationMs <= (warmUpSeconds + seconds) * 1000,
      );
      const counted = rows.reduce((sum, row) => sum + row.requests, 0);
      const countedMs = rows.reduce((sum, row) => sum + row.durationMs, 0);
      return {
        requests: report.total.requests + report.offered.unfinished,
        perSecond: (counted / countedMs) * 1000,
      };
    },
  };
}

/** Where it was the bottleneck, as it must be here, the run is invalid (98); the numbers stand nevertheless. */
export const runCodes: readonly number[] = [0, 98];

export function wrkCommand(url: string, seconds: number, options: readonly string[] = []): Command {
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, ...options, `${url}/`];
  return { core: cores.generator, command: 'wrk', args };
}

export function autocannonCommand(url: string, seconds: number, options: readonly string[]): Command {
  const script = createRequire(import.meta.url).resolve('autocannon');
  const shape = ['--connections', String(connections), '--duration', String(seconds)];
  return {
    core: cores.generator,
    command: process.execPath,
    args: [script, '--json', ...shape, ...options, `${url}/`],
  };
}

/** A run of a scenario file of this folder, with its report on the standard output. */
export function loadlineRun(file: string, words: readonly string[], bin?: string): Command {
  return loadlineCommand(['run', resolve(import.meta.dirname, file), '--json', '-', ...words], bin);
}

/** The command as it stands in this checkout, or in a package that was built from it. */
export function loadlineCommand(words: readonly string[], bin: string = checkoutBin): Command {
  const args = ['--conditions=loadline-source', bin, ...words];
  return { core: cores.generator, command: process.execPath, args };
}

const checkoutBin = resolve(import.meta.dirname, '../../packages/loadline/bin/loadline.js');

export function readReport(stdout: string): LoadReport {
  return JSON.parse(stdout) as LoadReport;
}
