import { storeError } from './errors.ts';
import { floorTo, hourMs, minuteMs } from './rollup.ts';
import type { Level, SeriesQuery } from './series-query.ts';

/** How a question is answered: from which level, in which steps. */
export interface ReadPlan {
  readonly level: Level;
  readonly stepMs: number;
  /** The window, widened to whole steps. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The moment of the question. */
  readonly nowMs: number;
}

/**
 * Chooses the coarsest level that is fine enough for the step, and a coarser one where that has been dropped already.
 * Pure.
 *
 * @param keepMs for how long each level is kept.
 * @throws STORE_QUERY_INVALID with every problem of the question.
 */
export function planRead(
  query: SeriesQuery,
  { nowMs, keepMs }: { readonly nowMs: number; readonly keepMs: Readonly<Record<Level, number>> },
): ReadPlan {
  const problems = problemsOf(query);
  if (problems.length > 0) {
    const message = `Cannot read the series of ${JSON.stringify(query.metric)}: ${problems.join('; ')}.`;
    throw storeError('STORE_QUERY_INVALID', message, { facts: { problems } });
  }
  const fineEnough = levels.filter((level) => spans[level] <= query.stepMs);
  const finest = fineEnough.at(-1) ?? 'raw';
  const isKept = (level: Level): boolean => query.fromMs >= nowMs - keepMs[level];
  const level = levels.slice(levels.indexOf(finest)).find(isKept) ?? 'hour';
  const span = spans[level];
  const stepMs = Math.ceil(query.stepMs / span) * span;
  return {
    level,
    stepMs,
    fromMs: floorTo(stepMs, query.fromMs),
    toMs: floorTo(stepMs, query.toMs + stepMs - 1),
    nowMs,
  };
}

const levels: readonly Level[] = ['raw', 'minute', 'hour'];
const spans: Readonly<Record<Level, number>> = { raw: 1, minute: minuteMs, hour: hourMs };

/** More points than pixels of a wide screen are nobody's chart. */
const pointsMax = 11_000;
const quantilesMax = 10;

function problemsOf({ metric, fromMs, toMs, stepMs, combine, quantiles = [] }: SeriesQuery): string[] {
  const problems: string[] = [];
  if (metric === '') problems.push('metric must not be empty');
  const isWindow = Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs;
  if (!isWindow) problems.push(`fromMs must be before toMs, got ${fromMs} and ${toMs}`);
  if (!Number.isSafeInteger(stepMs) || stepMs < 1) {
    problems.push(`stepMs must be a whole number from 1, got ${stepMs}`);
  } else if (isWindow && (toMs - fromMs) / stepMs > pointsMax) {
    const points = Math.ceil((toMs - fromMs) / stepMs);
    problems.push(`the window has ${points} steps and may have ${pointsMax}`);
  }
  if (quantiles.length > quantilesMax)
    problems.push(`${quantilesMax} quantiles are the most, got ${quantiles.length}`);
  if (combine === 'sum' && quantiles.length > 0) problems.push('a sum has no quantiles');
  for (const q of quantiles) if (!(q >= 0 && q <= 1)) problems.push(`a quantile is from 0 to 1, got ${q}`);
  return problems;
}
