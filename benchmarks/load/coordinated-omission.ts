/**
 * Is the latency right while the server stands still? Two thousand arrivals a second, and a server that is frozen
 * one second in six. Whoever waits for an answer before the next request leaves out just those who suffer.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { autocannonCommand, loadlineRun, readReport, runCodes, wrkCommand } from './contenders.ts';
import { runToEnd } from './processes.ts';
import { latenciesMs, quantileOf } from './schedule-truth.ts';
import { startStampingTarget } from './stamping-target.ts';
import { temporaryFolder } from './temporary-folder.ts';

const perSecond = 2000;
const freezes = { periodMs: 6000, frozenMs: 1000 };
const name = '2,000/s, frozen 1 s in 6';

export async function measureCoordinatedOmission(options: BenchOptions): Promise<Row[]> {
  const seconds = ((options.short ? 2 : 5) * freezes.periodMs) / 1000;
  await using target = await startStampingTarget(freezes);
  options.progress(`${name}: loadline, ${seconds} s`);
  const report = await withArrivalNumbers(seconds, async (file) => {
    const run = loadlineRun(file, ['--target', target.url, '--duration', `${seconds}s`]);
    return readReport((await runToEnd(run, runCodes)).stdout);
  });
  const said = report.total.latencyMs;
  const truth = latenciesMs(await target.takeStamps(), perSecond);
  options.progress(`${name}: autocannon and wrk`);
  const theirs = JSON.parse(
    (await runToEnd(autocannonCommand(target.url, seconds, ['-R', String(perSecond)]))).stdout.trim(),
  ) as { readonly latency: Readonly<Record<string, number>> };
  await target.takeStamps();
  const wrks = readWrkLatency((await runToEnd(wrkCommand(target.url, seconds, ['--latency']))).stdout);
  return [
    rowOf(
      { name: `${name}: arrivals answered`, unit: '', value: truth.length },
      {
        target: `all ${perSecond * seconds}`,
        met: truth.length === perSecond * seconds && report.total.requests === truth.length,
      },
    ),
    ...quantiles.flatMap(({ key, label, q }) => {
      const beside = { rival: 'the truth', rivalValue: quantileOf(truth, q) };
      const value = said?.[key] ?? Number.NaN;
      const row = (who: string, value: number): Row =>
        rowOf({ name: `${name}: ${label}${who}`, unit: 'ms', value }, beside);
      return [
        {
          ...row('', value),
          target: 'within 3 %',
          met: Math.abs(value / beside.rivalValue - 1) <= 0.03,
        },
        row(', says autocannon', theirs.latency[key] ?? Number.NaN),
        row(', says wrk (without a rate)', wrks[key]),
      ];
    }),
  ];
}

/** Calls with the scenario file, beside which stands a data file that numbers the arrivals. */
async function withArrivalNumbers<T>(seconds: number, work: (file: string) => Promise<T>): Promise<T> {
  using folder = temporaryFolder('frozen');
  const file = join(folder.path, 'frozen-server.yaml');
  await copyFile(new URL('./frozen-server.yaml', import.meta.url), file);
  const numbers = Array.from({ length: perSecond * seconds }, (_, place) => place);
  await writeFile(join(folder.path, 'arrivals.csv'), `number\n${numbers.join('\n')}\n`);
  return await work(file);
}

const quantiles = [
  { key: 'p90', label: 'p90', q: 0.9 },
  { key: 'p99', label: 'p99', q: 0.99 },
  { key: 'max', label: 'max', q: 1 },
] as const;

/**
 *   Thread Stats   Avg      Stdev     Max   +/- Stdev
 *     Latency     1.19ms    2.32ms  30.02ms   98.04%
 *      90%    1.62ms
 */
function readWrkLatency(stdout: string): Readonly<Record<'p90' | 'p99' | 'max', number>> {
  const read = (pattern: RegExp): number => {
    const [, amount, unit] = pattern.exec(stdout) ?? [];
    return Number(amount) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1);
  };
  return {
    p90: read(/90%\s+([\d.]+)(us|ms|s)/),
    p99: read(/99%\s+([\d.]+)(us|ms|s)/),
    max: read(/Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)/),
  };
}
