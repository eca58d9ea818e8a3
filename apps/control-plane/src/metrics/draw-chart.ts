import { isLoadlineError } from 'loadline/base';
import type { Level, Metrics, Point, SeriesAnswer } from 'loadline/store';
import type { MetricsChart } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import type { ChartWindow } from './chart-window.ts';
import type { Figure, MeasuredFigure, RatioFigure } from './charts.ts';

type ChartFigure = MetricsChart['figures'][number];
type ChartPoint = ChartFigure['lines'][number]['points'][number];
type Reader = Pick<Metrics, 'series'>;

interface Drawn {
  readonly figure: ChartFigure;
  readonly level: Level;
  readonly stepMs: number;
}

/** Reads what was measured of some figures. Those that nothing was measured of are left out. */
export async function drawChart(
  metrics: Reader,
  figures: readonly Figure[],
  window: ChartWindow,
): Promise<MetricsChart> {
  // One after the other: a chart must not take all connections from everybody else.
  const drawn: Drawn[] = [];
  for (const figure of figures)
    drawn.push(
      'part' in figure
        ? await drawRatio(metrics, figure, window)
        : await drawMeasured(metrics, figure, window),
    );
  const { level = 'raw', stepMs = window.stepMs } = drawn[0] ?? {};
  return {
    from: timeOf(window.fromMs),
    to: timeOf(window.toMs),
    stepMs,
    level,
    figures: drawn.map(({ figure }) => figure).filter(({ lines }) => lines.length > 0),
  };
}

async function drawMeasured(metrics: Reader, figure: MeasuredFigure, window: ChartWindow): Promise<Drawn> {
  const { name, combine, isDistribution } = figure;
  const quantiles = isDistribution ? window.quantiles : [];
  const { lines, level, stepMs, unit = '' } = await read(metrics, figure, { ...window, quantiles });
  const drawn = lines.map((line) => ({
    name: line.name,
    points: line.points.map((point) => pointOf(point, quantiles)),
  }));
  return { figure: { name, unit, combine, lines: drawn }, level, stepMs };
}

/** Where there is a whole and no part, the part is nothing. */
async function drawRatio(metrics: Reader, figure: RatioFigure, window: ChartWindow): Promise<Drawn> {
  const { name, part, whole, unit } = figure;
  const sums = { ...window, quantiles: [] };
  const { lines, level, stepMs } = await read(metrics, { metric: whole, unit, combine: 'sum' }, sums);
  const parts =
    lines.length === 0 ? undefined : await read(metrics, { metric: part, unit, combine: 'sum' }, sums);
  const partOf = new Map(
    (parts?.lines ?? []).map((line) => [
      line.name,
      new Map(line.points.map((each) => [each.atMs, each.mean])),
    ]),
  );
  const drawn = lines.map((line) => ({
    name: line.name,
    points: line.points
      .filter(({ mean }) => mean > 0)
      .map(({ atMs, mean }) => ({
        at: timeOf(atMs),
        mean: Math.min(1, (partOf.get(line.name)?.get(atMs) ?? 0) / mean),
      })),
  }));
  const some = drawn.filter(({ points }) => points.length > 0);
  return { figure: { name, unit: 'ratio', combine: 'ratio', lines: some }, level, stepMs };
}

async function read(
  metrics: Reader,
  { metric, unit, combine }: Pick<MeasuredFigure, 'metric' | 'unit' | 'combine'>,
  window: ChartWindow,
): Promise<SeriesAnswer> {
  try {
    return await metrics.series({ ...window, metric, combine, ...(unit === undefined ? {} : { unit }) });
  } catch (error) {
    if (isLoadlineError(error, 'STORE_QUERY_TOO_LARGE'))
      throw wrong(
        '/from',
        'asks for too much: name a service or an instance, or take a later one or a longer step',
      );
    if (isLoadlineError(error, 'STORE_QUERY_INVALID') && unit === undefined)
      throw wrong('/unit', 'is needed: it is measured in several');
    throw error;
  }
}

function wrong(pointer: string, detail: string): Problem {
  const errors = [{ in: 'query', pointer, detail }] as const;
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', `${pointer} ${detail}.`, { errors });
}

function pointOf(
  { atMs, count, mean, min, max, last, quantiles }: Point,
  asked: readonly number[],
): ChartPoint {
  const named = Object.fromEntries(
    asked.map((quantile, index) => [String(quantile), quantiles[index] as number]),
  );
  return {
    at: timeOf(atMs),
    mean,
    count,
    min,
    max,
    last,
    ...(asked.length === 0 ? {} : { quantiles: named }),
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
