import { type CurvePoint, violatedRatioAt } from 'loadline/scaling/simulate';
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { autoscalerByCpu, autoscalerByRate, curveOf, ours } from './contenders.ts';
import {
  developmentSeeds,
  judgedCase,
  judgementSeeds,
  type TraceKind,
  traceKinds,
} from './judgement-traces.ts';

/** At each budget, the share of the time in which the target was missed: of one case. */
interface Comparison {
  /** What the autoscaler's best target is at this budget. */
  readonly setting: number;
  readonly ours: number;
  readonly rival: number;
}

/**
 * Who misses the target less, at equal instance hours? The rival may choose its best target, by CPU or by requests, at
 * each budget; budgets are the hours of its own points. A quick look uses the seeds for development, so that nobody sees
 * the others before it counts.
 */
export function judgeTraces(options: BenchOptions): readonly Row[] {
  const seeds = options.short ? developmentSeeds.slice(0, 1) : judgementSeeds;
  return traceKinds.flatMap((kind) => {
    const cases = seeds.map((seed) => {
      options.progress(
        `${kind} trace ${seed}: ${ours.name}, and Kubernetes' algorithm with each of its targets`,
      );
      return compare(kind, seed);
    });
    return rowsOf(kind, cases);
  });
}

function compare(kind: TraceKind, seed: number): readonly Comparison[] {
  const judged = judgedCase(kind, seed);
  const own = curveOf(ours, judged);
  const byRate = curveOf(autoscalerByRate, judged);
  const rival: readonly CurvePoint[] = [...byRate, ...curveOf(autoscalerByCpu, judged)];
  return byRate.flatMap(({ setting, instanceHours }) => {
    const [mine, theirs] = [own, rival].map((points) => violatedRatioAt(points, instanceHours));
    return mine === undefined || theirs === undefined ? [] : [{ setting, ours: mine, rival: theirs }];
  });
}

function rowsOf(kind: TraceKind, cases: readonly (readonly Comparison[])[]): readonly Row[] {
  const curve = autoscalerByRate.settings.flatMap((setting) => {
    const there = cases.flatMap((each) => each.filter((point) => point.setting === setting));
    if (there.length === 0) return [];
    const name = `${kind}, at the hours that ${setting} % take: time in violation, ${there.length} of ${cases.length} traces`;
    return [besideRival(name, percent(there, 'ours'), percent(there, 'rival'))];
  });
  const judged = cases.flat().filter(({ rival }) => rival >= leastJudged);
  const ratio = percent(judged, 'ours') / percent(judged, 'rival');
  const won = cases.filter((each) => {
    const points = each.filter(({ rival }) => rival >= leastJudged);
    return percent(points, 'ours') < percent(points, 'rival');
  }).length;
  const judgeable = cases.filter((each) => each.some(({ rival }) => rival >= leastJudged)).length;
  return [
    ...curve,
    rowOf(
      {
        name: `${kind}: violations beside the autoscaler's best, at equal hours`,
        unit: 'of 1',
        value: ratio,
      },
      { target: 'below 1', met: ratio < 1 },
    ),
    rowOf(
      {
        name: `${kind}: traces with fewer violations, of ${judgeable} where it had any`,
        unit: 'traces',
        value: won,
      },
      { target: 'most', met: won > judgeable / 2 },
    ),
  ];
}

/** Where the rival misses nothing either, nothing can be won. */
const leastJudged = 0.0005;

function percent(points: readonly Comparison[], whose: 'ours' | 'rival'): number {
  return points.length === 0 ? 0 : (100 * points.reduce((sum, each) => sum + each[whose], 0)) / points.length;
}

function besideRival(name: string, value: number, rivalValue: number): Row {
  return { name, unit: '%', value, rival: 'Kubernetes, best target', rivalValue, ratio: value / rivalValue };
}
