import { parseDuration, systemClock } from 'loadline/base';
import { drawProgress, exitCodeOf, exitCodes, readWords, type Surroundings, summarize } from 'loadline/cli';
import { createHttp1Transport, type LoadReport, readLoadPlan, runLoad, watchProcesses } from 'loadline/load';
import { foodshareError } from '../src/ground/errors.ts';
import { describeDemo, judgeDemo } from './demo-report.ts';
import { demoScaling, untilFleet } from './fleet.ts';
import { describeScaling, describeStep, followScaling, stepsTitle } from './scaling-story.ts';
import { readPort, serve } from './serve.ts';
import { buildStage, type Stage } from './stage.ts';

const options = {
  scale: { type: 'string', default: '0.1' },
  duration: { type: 'string', default: '100s' },
  posts: { type: 'string', default: '100000' },
  serve: { type: 'string' },
  exit: { type: 'boolean' },
} as const;

/**
 * The whole picture on one laptop: real servers, a control plane that runs a service behind a proxy, ten times as many
 * people for a while, each step of the scaling with its reason, and a report with a verdict. With `--serve` the people are left
 * to you.
 *
 * @returns 0 when the run passed and no target was missed, otherwise the exit code that says why not.
 */
export async function runDemo(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const words = readWords('demo', args, options).options;
  checkWords(words);
  const port = await readPort(words.serve);
  await using stage = await buildStage({ posts: Number(words.posts), port: port ?? 0 }, surroundings);
  if (port !== undefined) return await serve(stage, surroundings);
  return await loadStage(stage, words, surroundings);
}

/** Before anything is started: it takes a while until the load would find out. */
function checkWords(words: {
  readonly scale: string;
  readonly duration: string;
  readonly posts: string;
}): void {
  const fits = {
    scale: Number(words.scale) > 0 && Number.isFinite(Number(words.scale)),
    duration: (parseDuration(words.duration) ?? 0) > 0,
    posts: /^\d+$/.test(words.posts),
  };
  const wanted = {
    scale: 'a number above 0, like 0.1',
    duration: 'a duration above 0, like 100s',
    posts: 'a whole number, like 100000',
  };
  const problems = (['scale', 'duration', 'posts'] as const)
    .filter((name) => !fits[name])
    .map((name) => `--${name} must be ${wanted[name]}, got ${JSON.stringify(words[name])}`);
  if (problems.length > 0)
    throw foodshareError('FOODSHARE_WORDS_INVALID', `Cannot show the demo: ${problems.join('; ')}.`);
}

async function loadStage(
  stage: Stage,
  words: { readonly scale: string; readonly duration: string },
  { terminal, signal }: Surroundings,
): Promise<number> {
  const { width, style } = terminal;
  const plan = await readLoadPlan(stage.loadFile, {
    target: stage.url,
    profile: 'tenfold_spike',
    scale: words.scale,
    duration: words.duration,
  });
  await using watch = await watchProcesses(systemClock, stage.processes);
  const drawn = drawProgress(terminal);
  const transport = createHttp1Transport({
    target: new URL(plan.target),
    address: '127.0.0.1',
    clock: systemClock,
  });
  const onProgress = drawn === undefined ? {} : { onProgress: drawn.update };
  const startMs = systemClock.now();
  terminal.err(`\n  ${style('dim', stepsTitle)}\n`);
  const scaling = followScaling(stage.controlPlane, (step) => {
    drawn?.clear();
    terminal.err(`${describeStep(step, { startMs, width, style })}\n`);
  });
  const report = await runLoad(plan, { transport, signal, ...onProgress }).finally(() => drawn?.clear());
  if (!signal.aborted) await untilQuiet(stage, signal);
  const steps = await scaling.stop();
  const usages = await watch.stop();
  const judged = judgeDemo(report, Number(words.scale));
  terminal.out(`\n${summarize(report, terminal)}`);
  terminal.out(describeScaling(steps, report, terminal));
  const wasJudged = report.verdict.status !== 'interrupted';
  terminal.out(describeDemo({ usages, judged: wasJudged ? judged : [] }, terminal));
  return exitCode(
    report,
    judged.some((target) => target.verdict === 'missed'),
  );
}

/** People have gone; what was added for them goes too, and that is a part of the picture. */
async function untilQuiet({ controlPlane, url }: Stage, signal: AbortSignal): Promise<void> {
  await untilFleet(controlPlane, { count: demoScaling.replicas.min, url, limitMs: quietLimitMs, signal });
}

const quietLimitMs = 60_000;

function exitCode(report: LoadReport, missesTarget: boolean): number {
  return report.verdict.status === 'passed' && missesTarget
    ? exitCodes.failed
    : exitCodeOf(report.verdict.status);
}
