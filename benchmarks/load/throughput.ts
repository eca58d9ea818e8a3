/** How many requests a second does one core make, beside wrk and autocannon on the same core? */
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { autocannon, type Contender, loadline, wrk } from './contenders.ts';
import { missingRow } from './missing.ts';
import { type Measured, measureRounds, medianOf, ratiosOf } from './rounds.ts';
import { startTarget } from './target.ts';

const staticGet = loadline('one static GET, 64 connections', 'static-get.yaml');
const threeSteps = loadline('three steps: extraction, two checks, a template', 'three-steps.yaml');

export async function measureStaticGet(options: BenchOptions): Promise<Row[]> {
  const samples = await take([wrk, staticGet, autocannon], options);
  const ours = samples(staticGet);
  return [
    rateRow(staticGet, ours, wrk, samples(wrk), 0.95),
    rateRow(staticGet, ours, autocannon, samples(autocannon), 1.9),
    cpuRow(staticGet, ours, wrk, samples(wrk)),
    cpuRow(staticGet, ours, autocannon, samples(autocannon)),
    countRow(staticGet, ours),
  ];
}

export async function measureThreeSteps(options: BenchOptions): Promise<Row[]> {
  const samples = await take([wrk, threeSteps], options);
  const ours = samples(threeSteps);
  return [
    rateRow(threeSteps, ours, wrk, samples(wrk), 0.7),
    cpuRow(threeSteps, ours, wrk, samples(wrk)),
    countRow(threeSteps, ours),
  ];
}

export async function measureScript(_options: BenchOptions): Promise<Row[]> {
  return [missingRow('TypeScript scenario with await and a check', '/s', 'at least 0.7 × wrk, over 5 × k6')];
}

async function take(
  contenders: readonly Contender[],
  options: BenchOptions,
): Promise<(contender: Contender) => readonly Measured[]> {
  await using target = await startTarget();
  const samples = await measureRounds(contenders, target, options);
  return ({ name }) => samples.get(name) ?? [];
}

/** The ratio is the median of the rounds' ratios, and the spread is theirs. */
function rateRow(
  { name }: Contender,
  ours: readonly Measured[],
  rival: Contender,
  theirs: readonly Measured[],
  ratioMin: number,
): Row {
  const { median, spread } = ratiosOf(ours, theirs);
  const perSecond = (sample: Measured): number => sample.perSecond;
  return {
    ...rowOf(
      { name, unit: '/s', value: medianOf(ours, perSecond), spread },
      {
        rival: rival.name,
        rivalValue: medianOf(theirs, perSecond),
        target: `at least ${ratioMin} ×`,
        met: median >= ratioMin,
      },
    ),
    ratio: median,
  };
}

function cpuRow(
  { name }: Contender,
  ours: readonly Measured[],
  rival: Contender,
  theirs: readonly Measured[],
): Row {
  const cpu = (sample: Measured): number => sample.cpuUsPerRequest;
  return rowOf(
    { name: `${name}: CPU a request`, unit: 'µs', value: medianOf(ours, cpu) },
    { rival: rival.name, rivalValue: medianOf(theirs, cpu) },
  );
}

/** A generator that counts what it did not send would be fast: nginx counts too. */
function countRow({ name }: Contender, ours: readonly Measured[]): Row {
  const worst = ours
    .map(({ countRatio = Number.NaN }) => countRatio)
    .reduce((worst, ratio) => (Math.abs(ratio - 1) <= Math.abs(worst - 1) ? worst : ratio));
  return rowOf(
    { name: `${name}: requests over nginx's count, worst round`, unit: '', value: worst },
    { target: 'within 1 %', met: Math.abs(worst - 1) <= 0.01 },
  );
}
