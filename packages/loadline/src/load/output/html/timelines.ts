import { formatCount, formatDuration, formatRate, parseDuration } from '../../../base/index.ts';
import {
  type Chart,
  type ChartMark,
  type ChartSpan,
  formatElapsed,
  linearScale,
  logScale,
  type Scale,
  type Series,
  type Span,
  timeScale,
} from '../../../base/page/index.ts';
import type { LoadReport } from '../../report.ts';
import { answeredLatency } from '../figures.ts';

/** Latency, throughput with errors, and users over the time of the run. Pure. */
export function timelineCharts(report: LoadReport): Chart[] {
  const x = runScale(report);
  return [latencyChart(report, x), throughputChart(report, x), usersChart(report, x)];
}

/** The whole time of the run, which all its charts share. */
export function runScale({ activeMs, total, users }: LoadReport): Scale {
  const ends = [...total.timeline, ...users].map((row) => row.startMs + row.durationMs);
  return timeScale(ends.reduce((last, end) => Math.max(last, end), activeMs));
}

function latencyChart(report: LoadReport, x: Scale): Chart {
  const { timeline } = report.total;
  const all = answeredLatency(report.total);
  const series = (['p50', 'p95', 'p99'] as const).map(
    (of, at): Series => ({
      name: of,
      tone: (['low', 'middle', 'high'] as const)[at] ?? 'other',
      unit: 'ms',
      shape: 'line',
      spans: timeline.map(spanOf),
      values: timeline.map(({ latencyMs }) => (all === undefined ? undefined : latencyMs?.[of])),
      summary: all === undefined ? '' : formatDuration(all[of]),
    }),
  );
  const y = latencyScale(series.flatMap(({ values }) => values.filter((value) => value !== undefined)));
  return {
    id: 'latency',
    title: 'Latency',
    note: `from when a request was due to its last byte${y.isLogarithmic ? '; the axis is logarithmic' : ''}`,
    heightPx: 230,
    x,
    xUnit: 'elapsed',
    y,
    yUnit: 'ms',
    series,
    bands: [
      [0, 1],
      [1, 2],
    ],
    marks: latencyLimits(report),
    spans: overloadedSpans(report),
  };
}

/** Logarithmic where the highest would press everything else to the ground. */
function latencyScale(values: readonly number[]): Scale {
  const max = highest(values);
  const min = values.reduce((lowest, value) => Math.min(lowest, value), max);
  return min > 0 && max / min > 30 ? logScale(min, max) : linearScale(max);
}

/** The limits that thresholds set to the whole run's percentiles that are drawn. */
function latencyLimits({ thresholds }: LoadReport): ChartMark[] {
  return thresholds.flatMap(({ text }) => {
    const [, condition = '', limit = ''] = /^latency: (p(?:50|95|99) <=? ?(\S+))$/.exec(text) ?? [];
    const value = parseDuration(limit);
    return value === undefined ? [] : [{ axis: 'y', value, text: condition }];
  });
}

function throughputChart(report: LoadReport, x: Scale): Chart {
  const { timeline } = report.total;
  const perSecond = (count: number, durationMs: number): number =>
    durationMs > 0 ? (count / durationMs) * 1000 : 0;
  const requests = timeline.map((row) => perSecond(row.requests, row.durationMs));
  const errors = timeline.map((row) => perSecond(row.errors, row.durationMs));
  const [first] = timeline;
  const rowSeconds = first === undefined ? 1 : first.durationMs / 1000;
  return {
    id: 'throughput',
    title: 'Throughput and errors',
    note: `requests that ended, per second${rowSeconds > 1.5 ? `, over ${formatCount(rowSeconds)} s each` : ''}`,
    heightPx: 150,
    x,
    xUnit: 'elapsed',
    y: linearScale(highest(requests)),
    yUnit: 'per second',
    series: [
      {
        name: 'requests',
        tone: 'good',
        unit: 'per second',
        shape: 'stairs',
        spans: timeline.map(spanOf),
        values: requests,
        summary: formatRate(report.total.ratePerSecond),
      },
      {
        name: 'errors',
        tone: 'bad',
        unit: 'per second',
        shape: 'stairs',
        spans: timeline.map(spanOf),
        values: errors,
        summary: formatRate(perSecond(report.total.errors, report.activeMs)),
      },
    ],
    spans: overloadedSpans(report),
  };
}

function usersChart(report: LoadReport, x: Scale): Chart {
  const values = report.users.map((row) => row.users);
  return {
    id: 'users',
    title: 'Users',
    note: 'at work at the same time',
    heightPx: 80,
    x,
    xUnit: 'elapsed',
    y: linearScale(highest(values), 2),
    yUnit: 'count',
    series: [
      {
        name: 'users',
        tone: 'calm',
        unit: 'count',
        shape: 'stairs',
        spans: report.users.map(spanOf),
        values,
        summary: `max ${formatCount(highest(values))}`,
      },
    ],
    spans: overloadedSpans(report),
  };
}

/** When the generator was overloaded: what was measured then may be its own doing. */
export function overloadedSpans({ generator }: LoadReport): ChartSpan[] {
  return generator.overloaded.map(({ fromMs, toMs }) => ({
    from: fromMs,
    to: toMs,
    kind: 'doubtful',
    words: `The generator was overloaded from ${formatElapsed(fromMs)} to ${formatElapsed(toMs)}.`,
  }));
}

function spanOf({ startMs, durationMs }: { readonly startMs: number; readonly durationMs: number }): Span {
  return { from: startMs, to: startMs + durationMs };
}

function highest(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), 0);
}
