/** Does a run that lasts need more memory in the end than at its beginning? */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { loadlineRun, readReport, runCodes } from './contenders.ts';
import { checkEnded, residentBytesOf, start } from './processes.ts';
import { startTarget } from './target.ts';

const perSecond = 20_000;
const name = 'soak at 20,000/s';

export async function measureSoak(options: BenchOptions): Promise<Row[]> {
  const minutes = options.short ? 1 : 30;
  await using target = await startTarget();
  const before = await target.status();
  const command = loadlineRun('soak.yaml', ['--target', target.url, '--duration', `${minutes}m`]);
  await using running = start(command);
  const samples: number[] = [];
  for (let second = 0; second < minutes * 60 && running.child.exitCode === null; second += secondsApart) {
    await sleep(secondsApart * 1000);
    samples.push(residentBytesOf(running.pid));
    if (samples.length % (60 / secondsApart) === 0)
      options.progress(
        `${name}: ${Math.round(Number(samples.at(-1)) / 1e6)} MB after ${second + secondsApart} s`,
      );
  }
  const { stdout, code } = checkEnded(command, await running.ended, runCodes);
  const { total, offered, verdict } = readReport(stdout);
  if (code !== 0) options.progress(`${name}: ${verdict.reasons.join(' ')}`);
  const seen = (await target.status()).requests - before.requests;
  const quarter = (which: number): number =>
    figureOf(samples.slice((samples.length / 4) * (which - 1), (samples.length / 4) * which)).median;
  const growth = (quarter(4) / quarter(2) - 1) * 100;
  const planned = perSecond * minutes * 60;
  const isWhole = total.errors === 0 && total.checks.failed === 0 && offered.dropped === 0;
  return [
    rowOf(
      {
        name: `${name}, ${minutes} min: requests, without an error or a dropped one`,
        unit: '',
        value: total.requests,
      },
      {
        rival: "nginx's own count",
        rivalValue: seen,
        target: 'all',
        met: isWhole && total.requests === planned,
      },
    ),
    rowOf({ name: `${name}: memory in the second quarter`, unit: 'MB', value: quarter(2) / 1e6 }),
    rowOf(
      { name: `${name}: growth from the second quarter to the last`, unit: '%', value: growth },
      { target: 'below 5 %', met: growth < 5 },
    ),
  ];
}

const secondsApart = 5;
