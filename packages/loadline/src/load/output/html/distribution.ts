import { formatDuration } from '../../../base/index.ts';
import { type Chart, linearScale, logScale, type Series, type Span } from '../../../base/page/index.ts';
import { Histogram } from '../../../metrics/index.ts';
import type { LoadReport } from '../../report.ts';
import { wasAnswered } from '../figures.ts';

const binsPerDecade = 24;

/**
 * How latency and service time are distributed, over a logarithmic axis: the share of requests in each of equally
 * wide bins. Where both agree nothing waited; where they part, requests waited to be sent. Pure.
 *
 * @throws LoadlineError METRICS_WIRE_INVALID where a histogram of the report is none.
 */
export function distributionChart({ total }: LoadReport): Chart {
  const isMeasured = wasAnswered(total) && total.latencyMs !== undefined;
  const latency = decodeHistogram(total.latencyHistogram);
  const service = decodeHistogram(total.serviceHistogram);
  const lowest = isMeasured
    ? Math.max(1, Math.min(latency.min, service.count > 0 ? service.min : latency.min))
    : 1;
  const highest = isMeasured ? Math.max(2, latency.max, service.count > 0 ? service.max : 0) : 1000;
  const x = logScale(lowest / 1000, highest / 1000, 14);
  const edges = binEdges(x.from * 1000, x.to * 1000);
  const series = [
    seriesOf('service time', 'calm', isMeasured ? service : new Histogram(), edges),
    seriesOf('latency', 'middle', isMeasured ? latency : new Histogram(), edges),
  ];
  const top = series
    .flatMap(({ values }) => values)
    .reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  return {
    id: 'distribution',
    title: 'Distribution',
    note: 'share of requests by latency and by service time; the axis is logarithmic',
    heightPx: 190,
    x,
    xUnit: 'ms',
    y: linearScale(top),
    yUnit: 'ratio',
    series,
    marks: isMeasured
      ? (['p50', 'p95', 'p99'] as const).map((of) => ({
          axis: 'x',
          value: total.latencyMs?.[of] ?? 0,
          text: of,
        }))
      : [],
  };
}

/** Reads a histogram as reports hold it. @throws LoadlineError METRICS_WIRE_INVALID */
export function decodeHistogram(base64: string): Histogram {
  return Histogram.decode(Buffer.from(base64, 'base64'));
}

function seriesOf(
  name: string,
  tone: Series['tone'],
  histogram: Histogram,
  edges: readonly number[],
): Series {
  const below = histogram.countsAtOrBelow(edges.slice(1));
  return {
    name,
    tone,
    unit: 'ratio',
    shape: 'stairs',
    spans: edges.slice(1).map((to, at): Span => ({ from: (edges[at] as number) / 1000, to: to / 1000 })),
    values: below.map((count, at) =>
      histogram.count === 0 ? undefined : (count - (below[at - 1] ?? 0)) / histogram.count,
    ),
    summary: histogram.count === 0 ? '' : `p95 ${formatDuration(histogram.quantile(0.95) / 1000)}`,
  };
}

/** Whole microseconds, because that is what the histograms hold. */
function binEdges(from: number, to: number): number[] {
  const bins = Math.ceil(Math.log10(to / from) * binsPerDecade);
  const edges = Array.from({ length: bins + 1 }, (_, at) => Math.round(from * (to / from) ** (at / bins)));
  return [...new Set(edges)];
}
