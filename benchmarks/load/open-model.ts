/** How near to the schedule do 10,000 arrivals a second come, and at what share of a core? */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { autocannonCommand, loadlineRun, readReport, runCodes } from './contenders.ts';
import { type Command, checkEnded, cores, cpuMsOf, start } from './processes.ts';
import { deviationsMs, quantileOf } from './schedule-truth.ts';
import { type StampingTarget, startStampingTarget } from './stamping-target.ts';

const perSecond = 10_000;
const name = '10,000/s open model';

export async function measureOpenModel(options: BenchOptions): Promise<Row[]> {
  const [rounds, seconds] = options.short ? [1, 5] : [5, 10];
  await using target = await startStampingTarget();
  const ours: Punctuality[] = [];
  const theirs: Punctuality[] = [];
  const floor: Punctuality[] = [];
  let isValid = true;
  for (let round = 0; round < rounds; round++) {
    const run = loadlineRun('open-model.yaml', ['--target', target.url, '--duration', `${seconds + 1}s`]);
    const { stdout, code, ...punctuality } = await measure(run, target, seconds);
    const { offered, verdict } = readReport(stdout);
    isValid &&= code === 0 && offered.dropped === 0;
    if (!isValid) options.progress(`${name}: ${verdict.reasons.join(' ')} ${offered.dropped} were dropped.`);
    ours.push(punctuality);
    theirs.push(
      await measure(autocannonCommand(target.url, seconds + 1, ['-R', String(perSecond)]), target, seconds),
    );
    floor.push(await measure(bareTimer(target.url, seconds + 1), target, seconds));
    options.progress(`${name}: round ${round + 1} of ${rounds}, off by ${punctuality.p50Ms.toFixed(3)} ms`);
  }
  const rival = { rival: 'autocannon' };
  const p50 = figureOf(ours.map(({ p50Ms }) => p50Ms));
  const p99 = figureOf(ours.map(({ p99Ms }) => p99Ms));
  const cpu = figureOf(ours.map(({ cpuRatio }) => cpuRatio * 100));
  const rate = figureOf(ours.map(({ arrivedPerSecond }) => arrivedPerSecond));
  const median = (of: (each: Punctuality) => number): number => figureOf(theirs.map(of)).median;
  const least = (of: (each: Punctuality) => number): number => figureOf(floor.map(of)).median;
  return [
    rowOf(
      { name: `${name}: arrivals at the server`, unit: '/s', value: rate.median, spread: rate.spread },
      {
        ...rival,
        rivalValue: median((each) => each.arrivedPerSecond),
        target: 'all, in a valid run',
        met: isValid && Math.abs(rate.median / perSecond - 1) < 0.001,
      },
    ),
    rowOf(
      {
        name: `${name}: deviation from the schedule, p50`,
        unit: 'ms',
        value: p50.median,
        spread: p50.spread,
      },
      {
        ...rival,
        rivalValue: median((each) => each.p50Ms),
        target: 'below 0.35 ms',
        met: p50.median < 0.35,
      },
    ),
    rowOf(
      {
        name: `${name}: deviation from the schedule, p50`,
        unit: 'ms',
        value: p50.median,
        spread: p50.spread,
      },
      { rival: bare, rivalValue: least((each) => each.p50Ms) },
    ),
    rowOf(
      {
        name: `${name}: deviation from the schedule, p99`,
        unit: 'ms',
        value: p99.median,
        spread: p99.spread,
      },
      { ...rival, rivalValue: median((each) => each.p99Ms) },
    ),
    rowOf(
      { name: `${name}: share of a core`, unit: '%', value: cpu.median, spread: cpu.spread },
      {
        ...rival,
        rivalValue: median((each) => each.cpuRatio * 100),
        target: 'below 25 %',
        met: cpu.median < 25,
      },
    ),
    rowOf(
      { name: `${name}: share of a core`, unit: '%', value: cpu.median, spread: cpu.spread },
      { rival: bare, rivalValue: least((each) => each.cpuRatio * 100) },
    ),
  ];
}

const bare = 'bare sockets and a timer each ms';

/** What one thread of Node.js needs at least: it measures nothing, reads no answer and knows no scenario. */
function bareTimer(url: string, seconds: number): Command {
  const module = fileURLToPath(new URL('./bare-timer.ts', import.meta.url));
  return {
    core: cores.generator,
    command: process.execPath,
    args: [module, url, String(perSecond), String(seconds)],
  };
}

interface Punctuality {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuRatio: number;
  readonly arrivedPerSecond: number;
}

/** The first second is a warm-up, so the run has one more than what is measured. */
async function measure(
  command: Command,
  target: StampingTarget,
  seconds: number,
): Promise<Punctuality & { readonly stdout: string; readonly code: number | undefined }> {
  await using running = start(command);
  await sleep(1500);
  const from = { atMs: performance.now(), cpuMs: cpuMsOf(running.pid) };
  await sleep(seconds * 1000 - 750);
  const cpuRatio = (cpuMsOf(running.pid) - from.cpuMs) / (performance.now() - from.atMs);
  const { stdout, code } = checkEnded(command, await running.ended, runCodes);
  const { arrivedMs } = await target.takeStamps();
  const deviations = deviationsMs(arrivedMs, perSecond).subarray(perSecond);
  return {
    p50Ms: quantileOf(deviations, 0.5),
    p99Ms: quantileOf(deviations, 0.99),
    cpuRatio,
    arrivedPerSecond: arrivedMs.length / (seconds + 1),
    stdout,
    code,
  };
}
