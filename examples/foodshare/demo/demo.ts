import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type LocalStack, startLocalStack } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { drawProgress, exitCodeOf, exitCodes, readWords, type Surroundings, summarize } from 'loadline/cli';
import {
  createHttp1Transport,
  type LoadReport,
  readLoadPlan,
  runLoad,
  type WatchedProcess,
  watchProcesses,
} from 'loadline/load';
import { prepareFoodshare } from '../src/index.ts';
import { startChild } from './children.ts';
import { describeDemo, judgeDemo } from './demo-report.ts';
import { writeLoadFiles } from './load-files.ts';
import { createSteps } from './steps.ts';

const options = {
  scale: { type: 'string', default: '0.1' },
  duration: { type: 'string', default: '45s' },
  posts: { type: 'string', default: '100000' },
  exit: { type: 'boolean' },
} as const;

/**
 * The whole picture on one laptop: real servers, two instances behind a round robin, people at a day's peak,
 * and a report with a verdict.
 *
 * @returns 0 when the run passed and no target was missed, otherwise the exit code that says why not.
 */
export async function runDemo(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal, signal, env } = surroundings;
  const words = readWords('demo', args, options).options;
  const folder = resolve(env.LOADLINE_HOME ?? '.loadline', 'demo');
  await mkdir(folder, { recursive: true });
  const tokenSecret = randomBytes(32).toString('hex');
  const steps = createSteps(terminal);

  await using stack = await steps.run('PostgreSQL and two Valkeys', () =>
    startLocalStack({ folder: join(folder, 'stack'), signal }),
  );
  await steps.run(`${Number(words.posts).toLocaleString('en-US')} food posts`, (progress) =>
    prepareFoodshare({
      databaseUrl: stack.postgres.url,
      posts: Number(words.posts),
      onProgress: progress,
      signal,
    }),
  );
  const file = await steps.run('tokens of 5,000 people', () =>
    writeLoadFiles({
      folder: join(folder, 'load'),
      databaseUrl: stack.postgres.url,
      tokenSecret,
      people: 5000,
    }),
  );
  const service = serviceEnvironment(stack, tokenSecret);
  const instanceModule = new URL('./instance.ts', import.meta.url);
  await using first = await steps.run('instance 1', () =>
    startChild(instanceModule, { env: service, signal }),
  );
  await using second = await steps.run('instance 2', () =>
    startChild(instanceModule, { env: service, signal }),
  );
  const ports = [String(first.port), String(second.port)];
  await using balancer = await steps.run('round robin', () =>
    startChild(new URL('./round-robin.ts', import.meta.url), { args: ports, signal }),
  );

  const plan = await readLoadPlan(file, {
    target: `http://127.0.0.1:${balancer.port}`,
    profile: 'daily_peak',
    scale: words.scale,
    duration: words.duration,
  });
  await using watch = await watchProcesses(systemClock, processesOf(stack, { first, second, balancer }));
  const drawn = drawProgress(terminal);
  const transport = createHttp1Transport({
    target: new URL(plan.target),
    address: '127.0.0.1',
    clock: systemClock,
  });
  const onProgress = drawn === undefined ? {} : { onProgress: drawn.update };
  const report = await runLoad(plan, { transport, signal, ...onProgress }).finally(() => drawn?.clear());
  const usages = await watch.stop();
  const judged = judgeDemo(report, Number(words.scale));
  terminal.out(summarize(report, terminal));
  const wasJudged = report.verdict.status !== 'interrupted';
  terminal.out(describeDemo({ usages, judged: wasJudged ? judged : [] }, terminal));
  return exitCode(
    report,
    judged.some((target) => target.verdict === 'missed'),
  );
}

function exitCode(report: LoadReport, missesTarget: boolean): number {
  return report.verdict.status === 'passed' && missesTarget
    ? exitCodes.failed
    : exitCodeOf(report.verdict.status);
}

function serviceEnvironment(stack: LocalStack, tokenSecret: string): Record<string, string> {
  return {
    DATABASE_URL: stack.postgres.url,
    VALKEY_CACHE_URL: stack.valkeyCache.url,
    VALKEY_LOG_URL: stack.valkeyLog.url,
    FOODSHARE_TOKEN_SECRET: tokenSecret,
  };
}

interface DemoProcess {
  readonly pid: number;
}

function processesOf(
  stack: LocalStack,
  {
    first,
    second,
    balancer,
  }: { readonly first: DemoProcess; readonly second: DemoProcess; readonly balancer: DemoProcess },
): WatchedProcess[] {
  return [
    { name: 'load generator', pid: process.pid },
    { name: 'round robin', pid: balancer.pid },
    { name: 'instance 1', pid: first.pid },
    { name: 'instance 2', pid: second.pid },
    { name: 'PostgreSQL', pid: stack.postgres.pid },
    { name: 'Valkey (cache)', pid: stack.valkeyCache.pid },
    { name: 'Valkey (log)', pid: stack.valkeyLog.pid },
  ];
}
