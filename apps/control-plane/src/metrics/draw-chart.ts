import { isLoadlineError } from 'loadline/base';
import type { Metrics, Point, SeriesAnswer, SeriesFigure, SeriesWindow } from 'loadline/store';
import { type MetricsChart, timeOf } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import type { ChartWindow } from './chart-window.ts';
import type { Figure, MeasuredFigure, RatioFigure } from './charts.ts';
import { present } from './figures-now.ts';

type ChartFigure = MetricsChart['figures'][number];
type ChartPoint = ChartFigure['lines'][number]['points'][number];
/** Reads what was measured of some figures. Those that nothing was measured of are left out. */
export async function drawChart(
  metrics: Pick<Metrics, 'chart'>,
  figures: readonly Figure[],
  { service, instance, endpoint, fromMs, toMs, stepMs, longerStepsMs, by, quantiles }: ChartWindow,
): Promise<MetricsChart> {
  const window = present({ service, instance, endpoint, by, fromMs, toMs, stepMs }) as SeriesWindow;
  const asked = figures.map((figure) => seriesOf(figure, quantiles));
  const answers = await read(metrics, window, { figures: asked.flat(), longerStepsMs });
  const rest = answers.values();
  const drawn = figures.map((figure, place) => {
    const own = (asked[place] ?? []).map(() => rest.next().value as SeriesAnswer);
    return 'part' in figure ? ratioOf(figure, own) : measuredOf(figure, own, quantiles);
  });
  return {
    from: timeOf(fromMs),
    to: timeOf(toMs),
    stepMs: answers[0]?.stepMs ?? stepMs,
    level: answers[0]?.level ?? 'raw',
    figures: drawn.filter(({ lines }) => lines.length > 0),
  };
}

/** What has to be read of a figure. */
function seriesOf(figure: Figure, quantiles: readonly number[]): readonly SeriesFigure[] {
  if ('part' in figure) {
    const sumOf = (metric: string): SeriesFigure => ({ metric, unit: figure.unit, combine: 'sum' });
    return [sumOf(figure.whole), sumOf(figure.part)];
  }
  const { metric, unit, combine, isDistribution } = figure;
  return [{ ...present({ unit }), metric, combine, ...(isDistribution ? { quantiles } : {}) }];
}

function measuredOf(
  { name, combine, isDistribution }: MeasuredFigure,
  [answer]: readonly SeriesAnswer[],
  quantiles: readonly number[],
): ChartFigure {
  const { lines, unit = '' } = answer as SeriesAnswer;
  const drawn = lines.map((line) => ({
    name: line.name,
    points: line.points.map((point) => pointOf(point, isDistribution ? quantiles : [])),
  }));
  return { name, unit, combine, lines: drawn };
}

/** Where there is a whole and no part, the part is nothing. */
function ratioOf({ name }: RatioFigure, [whole, part]: readonly SeriesAnswer[]): ChartFigure {
  const partOf = new Map(
    part?.lines.map((line) => [line.name, new Map(line.points.map((each) => [each.atMs, each.mean]))]),
  );
  const drawn = (whole as SeriesAnswer).lines.map((line) => ({
    name: line.name,
    points: line.points
      .filter(({ mean }) => mean > 0)
      .map(({ atMs, mean }) => ({
        at: timeOf(atMs),
        mean: Math.min(1, (partOf.get(line.name)?.get(atMs) ?? 0) / mean),
      })),
  }));
  const lines = drawn.filter(({ points }) => points.length > 0);
  return { name, unit: 'ratio', combine: 'ratio', lines };
}

async function read(
  metrics: Pick<Metrics, 'chart'>,
  window: SeriesWindow,
  {
    figures,
    longerStepsMs,
  }: { readonly figures: readonly SeriesFigure[]; readonly longerStepsMs: readonly number[] },
): Promise<readonly SeriesAnswer[]> {
  try {
    return await metrics.chart(window, figures);
  } catch (error) {
    const [stepMs, ...others] = longerStepsMs;
    const isTooLarge = isLoadlineError(error, 'STORE_QUERY_TOO_LARGE');
    if (isTooLarge && stepMs !== undefined)
      return await read(metrics, { ...window, stepMs }, { figures, longerStepsMs: others });
    if (isTooLarge)
      throw wrong(
        '/from',
        'asks for too much: name a service, an instance or fewer figures, or take a later one or a longer step',
      );
    // All else that may be wrong with a question was looked at before.
    if (isLoadlineError(error, 'STORE_QUERY_INVALID') && figures.some(({ unit }) => unit === undefined))
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
  const isKnown = asked.length > 0 && quantiles.every((value) => Number.isFinite(value));
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
    ...(isKnown ? { quantiles: named } : {}),
  };
}
