import type { Clock } from 'loadline/base';
import type { Metrics } from 'loadline/store';
import { type Handlers, type MetricsChart, type ServiceNow, timeOf } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import { SharedAnswers } from '../sharing/index.ts';
import { type WrittenWindow, windowOf } from './chart-window.ts';
import { type ChartName, charts, type Figure } from './charts.ts';
import { drawChart } from './draw-chart.ts';
import { listNames } from './list-names.ts';
import type { SeenNow } from './seen.ts';
import { servicesNow } from './services-now.ts';

type MetricsHandlers = Pick<
  Handlers,
  | 'getMetrics'
  | 'getCpuMetrics'
  | 'getMemoryMetrics'
  | 'getNetworkMetrics'
  | 'getDatabaseMetrics'
  | 'getCacheMetrics'
  | 'getEventLoopMetrics'
  | 'getRequestMetrics'
  | 'getWebVitalMetrics'
  | 'getMetricSeries'
  | 'listMetricNames'
>;

/** Instances are asked every five seconds as a rule: what is asked again and again is no older for this. */
const drawnKeptMs = 5000;
const nowKeptMs = 1000;

/** Answers what is asked about what is measured: now from memory, over time from the store. */
export function metricsHandlers({
  seen,
  metrics,
  clock,
}: {
  readonly seen: SeenNow;
  readonly metrics: Pick<Metrics, 'chart' | 'names'>;
  readonly clock: Clock;
}): MetricsHandlers {
  const drawn = new SharedAnswers<MetricsChart>({ clock, keptMs: drawnKeptMs });
  const now = new SharedAnswers<{ readonly at: string; readonly items: readonly ServiceNow[] }>({
    clock,
    keptMs: nowKeptMs,
  });
  const draw =
    (name: ChartName) =>
    async ({ query }: { readonly query: WrittenChart }) => {
      const figures = figuresOf(name, query.figures);
      const window = windowOf(query, clock.now());
      return { status: 200, body: await drawn.get([name, query], () => drawChart(metrics, figures, window)) };
    };
  return {
    async getMetrics({ query }) {
      const body = await now.get(query, async () => {
        const items = [...servicesNow(seen, query)];
        return { at: timeOf(clock.now()), items };
      });
      return { status: 200, body };
    },
    getCpuMetrics: draw('cpu'),
    getMemoryMetrics: draw('memory'),
    getNetworkMetrics: draw('network'),
    getDatabaseMetrics: draw('database'),
    getCacheMetrics: draw('cache'),
    getEventLoopMetrics: draw('event-loop'),
    getRequestMetrics: draw('requests'),
    getWebVitalMetrics: draw('web-vitals'),
    async getMetricSeries({ query }) {
      const { metric, unit, combine } = query;
      // Of a sum there is no distribution.
      const figure: Figure = {
        name: metric,
        metric,
        unit,
        combine,
        ...(combine === 'sum' ? {} : { isDistribution: true }),
      };
      return { status: 200, body: await drawChart(metrics, [figure], windowOf(query, clock.now())) };
    },
    listMetricNames: async ({ query }) => ({ status: 200, body: await listNames(metrics, query) }),
  };
}

type WrittenChart = WrittenWindow & { readonly figures?: string | undefined };

/** Those that are asked for, in the order of the chart. @throws Problem that names what there is. */
function figuresOf(chart: ChartName, asked: string | undefined): readonly Figure[] {
  if (asked === undefined) return charts[chart];
  const names = new Set(asked.split(','));
  const found = charts[chart].filter(({ name }) => names.has(name));
  if (found.length === names.size) return found;
  const there = charts[chart].map(({ name }) => name);
  const detail = `names ${[...names].filter((name) => !there.includes(name)).join(', ')}; there are ${there.join(', ')}`;
  throw new Problem('CONTROL_PLANE_REQUEST_INVALID', `/figures ${detail}.`, {
    errors: [{ in: 'query', pointer: '/figures', detail }],
  });
}
