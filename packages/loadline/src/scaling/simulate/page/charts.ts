import { formatCount, formatRate, formatRatio } from '../../../base/index.ts';
import {
  type Chart,
  type ChartSpan,
  clockScale,
  formatValue,
  linearScale,
  rangeScale,
  rootScale,
  type Scale,
  type Series,
  type Span,
  type Tone,
} from '../../../base/page/index.ts';
import { CapacityTable } from '../../../capacity/index.ts';
import type { SimulationReport, TriedPolicy } from '../report.ts';
import type { SimulatedPiece } from '../tally.ts';
import type { Trace } from '../trace.ts';

/** What collapses would press all others to the ground. */
export const drawnMax = 0.2;

const tones: readonly Tone[] = ['middle', 'other', 'good', 'high', 'low', 'calm'];

/** How often the target is missed, by instance hours; undefined where there is only one dot to draw. Pure. */
export function curveChart({ tried }: SimulationReport): Chart | undefined {
  const drawn = tried.filter(({ result }) => result.violatedRatio <= drawnMax);
  const hours = drawn.map(({ result }) => result.instanceHours);
  if (hours.length < 2) return undefined;
  const series = policiesOf(tried).map((policy, at): Series => {
    const own = drawn
      .filter((each) => each.policy === policy)
      .toSorted((a, b) => a.result.instanceHours - b.result.instanceHours);
    const places = own.map(({ result }) => result.instanceHours);
    return {
      name: policy,
      tone: toneAt(at),
      unit: 'ratio',
      shape: 'points',
      spans: places.map((place): Span => ({ from: place, to: place })),
      values: own.map(({ result }) => result.violatedRatio),
      labels: own.map(({ generosity }) => (generosity === 1 ? 'as it is' : `× ${generosity}`)),
      summary: '',
    };
  });
  return {
    id: 'curve',
    title: 'Target missed, by instance hours',
    note: 'further left and lower is better; the axis is by square roots',
    heightPx: 260,
    x: rangeScale(Math.min(...hours), Math.max(...hours)),
    xUnit: 'h',
    y: rootScale(Math.max(...drawn.map(({ result }) => result.violatedRatio), 0.0001)),
    yUnit: 'ratio',
    series,
  };
}

/** The load over time, and below it what each policy made of it. Pure. */
export function courseCharts(report: SimulationReport, shown: readonly TriedPolicy[]): Chart[] {
  const { trace } = report;
  const x = clockScale(trace.startMs, trace.startMs + trace.ratesPerSecond.length * trace.stepMs);
  const [first] = shown;
  if (first === undefined) return [];
  const enough = instancesThatHold(report, first.result.course);
  const top = Math.max(...shown.flatMap(({ result }) => result.course.map(({ instances }) => instances)));
  const y = linearScale(Math.max(top, ...enough.map((instances) => instances ?? 0)), 3);
  const policies = policiesOf(report.tried);
  return [
    loadChart(report.trace, first.result.course, x),
    ...shown.map((tried, at) => {
      const tone = toneAt(policies.indexOf(tried.policy));
      return fleetChart(tried, { id: `fleet${at}`, x, y, tone, enough });
    }),
  ];
}

function loadChart(trace: Trace, course: readonly SimulatedPiece[], x: Scale): Chart {
  const values = course.map(({ ratePerSecond }) => ratePerSecond);
  return {
    id: 'load',
    title: 'Load',
    note: 'requests a second',
    heightPx: 110,
    x,
    xUnit: 'clock',
    y: linearScale(Math.max(...values), 3),
    yUnit: 'per second',
    series: [
      {
        name: 'load',
        tone: 'calm',
        unit: 'per second',
        shape: 'stairs',
        spans: spansOf(course, x),
        values,
        summary: `max ${formatRate(highestRate(trace))}`,
      },
    ],
  };
}

export function highestRate({ ratesPerSecond }: Trace): number {
  return ratesPerSecond.reduce((highest, rate) => (rate > highest ? rate : highest), 0);
}

interface FleetLook {
  readonly id: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly tone: Tone;
  readonly enough: readonly (number | undefined)[];
}

function fleetChart({ policy, result }: TriedPolicy, { id, x, y, tone, enough }: FleetLook): Chart {
  const spans = spansOf(result.course, x);
  return {
    id,
    title: policy,
    note: `${formatValue(result.instanceHours, 'instance hours')}; target missed ${formatRatio(result.violatedRatio)} of the time`,
    heightPx: 120,
    x,
    xUnit: 'clock',
    y,
    yUnit: 'count',
    series: [
      {
        name: 'instances',
        tone,
        unit: 'count',
        shape: 'stairs',
        spans,
        values: result.course.map(({ instances }) => instances),
        summary: `max ${formatCount(result.instancesMax)}`,
      },
      { name: 'enough', tone: 'calm', unit: 'count', shape: 'line', spans, values: enough, summary: '' },
    ],
    spans: missedSpans(result.course, spans),
    notes: result.course.map(({ violatedRatio, reason }) =>
      violatedRatio === 0
        ? reason
        : `The target was missed${violatedRatio === 1 ? '' : ` ${formatRatio(violatedRatio)} of this time`}. ${reason}`,
    ),
  };
}

/** How many hold the target at each piece's load, by the theory of queues. */
function instancesThatHold(
  { service }: SimulationReport,
  course: readonly SimulatedPiece[],
): (number | undefined)[] {
  const capacity = new CapacityTable({ ...service, ...service.target });
  return course.map(({ ratePerSecond }) => capacity.instancesFor(ratePerSecond));
}

/** Neighbours in which the target was missed are one stretch. */
function missedSpans(course: readonly SimulatedPiece[], spans: readonly Span[]): ChartSpan[] {
  const missed: ChartSpan[] = [];
  for (const [at, { violatedRatio }] of course.entries()) {
    if (violatedRatio === 0) continue;
    const { from, to } = spans[at] as Span;
    const last = missed.at(-1);
    if (last?.to === from) missed[missed.length - 1] = { ...last, to };
    else missed.push({ from, to, kind: 'bad', words: 'The target was missed.' });
  }
  return missed;
}

function spansOf(course: readonly SimulatedPiece[], x: Scale): Span[] {
  return course.map(({ startMs }, at) => ({ from: startMs, to: course[at + 1]?.startMs ?? x.to }));
}

function policiesOf(tried: readonly TriedPolicy[]): string[] {
  return [...new Set(tried.map(({ policy }) => policy))];
}

function toneAt(at: number): Tone {
  return tones[at % tones.length] as Tone;
}
