/** How many requests a second does one core make, beside wrk and autocannon on the same core? */
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { autocannon, type Contender, loadline, wrk } from './contenders.ts';
import { type Measured, measureRounds, medianOf, ratiosOf } from './rounds.ts';
import { startTarget } from './target.ts';

const staticGet = loadline('one static GET, 64 connections', 'static-get.yaml');
const script = loadline('TypeScript scenario with await and a check', 'awaiting.ts');
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
    othersRow(staticGet, [...ours, ...samples(wrk), ...samples(autocannon)]),
  ];
}

export async function measureThreeSteps(options: BenchOptions): Promise<Row[]> {
  const samples = await take([wrk, threeSteps], options);
  const ours = samples(threeSteps);
  return [
    rateRow(threeSteps, ours, wrk, samples(wrk), 0.7),
    cpuRow(threeSteps, ours, wrk, samples(wrk)),
    countRow(threeSteps, ours),
    othersRow(threeSteps, [...ours, ...samples(wrk)]),
  ];
}

/** k6's share of wrk's rate where it was measured; it cannot run alongside. See README.md. */
const k6Share = 0.13;

export async function measureScript(options: BenchOptions): Promise<Row[]> {
  const samples = await take([wrk, script], options);
  const ours = samples(script);
  const { median, spread } = ratiosOf(ours, samples(wrk));
  return [
    rateRow(script, ours, wrk, samples(wrk), 0.7),
    rowOf(
      { name: `${script.name}: share of wrk's rate`, unit: '× wrk', value: median, spread },
      {
        rival: 'k6 (published, not run here)',
        rivalValue: k6Share,
        target: 'above 5 ×',
        met: median / k6Share > 5,
      },
    ),
    cpuRow(script, ours, wrk, samples(wrk)),
    countRow(script, ours),
    othersRow(script, [...ours, ...samples(wrk)]),
  ];
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

/** What else the machine did meanwhile: with much of it, the figures above are not to be quoted. */
function othersRow({ name }: Contender, all: readonly Measured[]): Row {
  const value = medianOf(all, (sample) => sample.othersRatio) * 100;
  return rowOf({ name: `${name}: taken by other processes meanwhile, of a core`, unit: '%', value });
}
