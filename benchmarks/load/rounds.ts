/**
 * Contenders that take turns on one core against nginx on the other. What disturbs the machine disturbs all
 * of a round, so what is judged is the ratio within each round, and its median over the rounds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type Figure, figureOf } from '../harness.ts';
import type { Contender } from './contenders.ts';
import { checkEnded, cpuMsOf, start } from './processes.ts';
import type { Target } from './target.ts';

/** One run of one contender. */
export interface Measured {
  /** By the tool's own count. */
  readonly perSecond: number;
  /** The tool's count of its requests over nginx's; undefined where the tool does not say all of its own. */
  readonly countRatio: number | undefined;
  /** CPU time of the generator, user and system, by nginx's count in the same window. */
  readonly cpuUsPerRequest: number;
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
  // The window lies between the start, which takes some a moment, and the end, at which the process is gone.
  await sleep(job.warmUpSeconds * 1000 + 500);
  const from = { ...(await target.status()), cpuMs: cpuMsOf(running.pid) };
  await sleep(seconds * 1000 - 750);
  const to = { ...(await target.status()), cpuMs: cpuMsOf(running.pid) };
  const { stdout } = checkEnded(command, await running.ended, contender.codes);
  const told = contender.read(stdout, job);
  const seen = (await target.status()).requests - before.requests;
  return {
    perSecond: told.perSecond,
    countRatio: told.requests === undefined ? undefined : told.requests / seen,
    cpuUsPerRequest: ((to.cpuMs - from.cpuMs) * 1000) / (to.requests - from.requests),
  };
}

/** The ratios of paired rounds. */
export function ratiosOf(ours: readonly Measured[], theirs: readonly Measured[]): Figure {
  return figureOf(ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN)));
}

export function medianOf(samples: readonly Measured[], of: (sample: Measured) => number): number {
  return figureOf(samples.map(of)).median;
}
