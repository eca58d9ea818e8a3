/**
 * Contenders that take turns on one core against nginx on the other. What disturbs the machine disturbs all
 * of a round, so what is judged is the ratio within each round, and its median over the rounds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type Figure, figureOf } from '../harness.ts';
import type { Contender } from './contenders.ts';
import { busyMs, checkEnded, cpuMsOf, type Running, start } from './processes.ts';
import type { Target } from './target.ts';

/** One run of one contender. */
export interface Measured {
  /** By the tool's own count. */
  readonly perSecond: number;
  /** The tool's count of its requests over nginx's; undefined where the tool does not say all of its own. */
  readonly countRatio: number | undefined;
  /** CPU time of the generator, user and system, by nginx's count in the same window. */
  readonly cpuUsPerRequest: number;
  /** CPU time that neither generator nor target took in that window, as a share of one core. */
  readonly othersRatio: number;
}

export async function measureRounds(
  contenders: readonly Contender[],
  target: Target,
  options: BenchOptions,
): Promise<ReadonlyMap<string, readonly Measured[]>> {
  const [rounds, seconds] = options.short ? [5, 2] : [7, 5];
  const samples = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
  await measureOnce(contenders[0] as Contender, target, 1); // The target's own warm-up.
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length] as Contender;
      const measured = await measureOnce(contender, target, seconds);
      samples.get(contender.name)?.push(measured);
      options.progress(
        `round ${round + 1} of ${rounds}: ${contender.name} ${Math.round(measured.perSecond).toLocaleString('en')}/s, ` +
          `${measured.cpuUsPerRequest.toFixed(1)} µs of CPU a request`,
      );
    }
  }
  return samples;
}

async function measureOnce(contender: Contender, target: Target, seconds: number): Promise<Measured> {
  const job = { url: target.url, warmUpSeconds: 1, seconds };
  const command = contender.command(job);
  const before = await target.status();
  await using running = start(command);
  await firstRequest(target, before.requests, running);
  const look = async (): Promise<Sight> => ({
    atMs: performance.now(),
    requests: (await target.status()).requests,
    cpuMs: cpuMsOf(running.pid),
    othersMs: busyMs() - cpuMsOf(running.pid) - cpuMsOf(target.pid),
  });
  // The window lies behind the warm-up and before the end, at which the process is gone.
  await sleep(job.warmUpSeconds * 1000);
  const from = await look();
  await sleep(seconds * 1000 - 250);
  const to = await look();
  const { stdout } = checkEnded(command, await running.ended, contender.codes);
  const told = contender.read(stdout, job);
  const seen = (await target.status()).requests - before.requests;
  return {
    perSecond: told.perSecond,
    countRatio: told.requests === undefined ? undefined : told.requests / seen,
    cpuUsPerRequest: ((to.cpuMs - from.cpuMs) * 1000) / (to.requests - from.requests),
    othersRatio: (to.othersMs - from.othersMs) / (to.atMs - from.atMs),
  };
}

/** A tool takes a while to start, and on a busy machine a long one. */
async function firstRequest(target: Target, requestsBefore: number, running: Running): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000 && running.child.exitCode === null; waitedMs += 20) {
    if ((await target.status()).requests > requestsBefore) return;
    await sleep(20);
  }
}

interface Sight {
  readonly atMs: number;
  readonly requests: number;
  readonly cpuMs: number;
  readonly othersMs: number;
}

/** The ratios of paired rounds. */
export function ratiosOf(ours: readonly Measured[], theirs: readonly Measured[]): Figure {
  return figureOf(ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN)));
}

export function medianOf(samples: readonly Measured[], of: (sample: Measured) => number): number {
  return figureOf(samples.map(of)).median;
}
