import type { Field } from '../../base/index.ts';
import { mergeReadings } from '../merge-readings.ts';
import type { ReadingsPort } from '../readings.ts';
import type { Readings, ScalingReading } from '../strategies/observation.ts';
import { askPrometheus, type PrometheusAccess } from './ask-prometheus.ts';

/** Which Prometheus, and what it is asked for each metric of each group. */
export interface PrometheusReadingsOptions {
  /** Where its HTTP API is: `http://prometheus:9090`. */
  readonly url: URL;
  /** Group → metric → what to ask for it, in PromQL. */
  readonly queries: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Sent as `Authorization`, where it wants one. */
  readonly authorization?: string;
}

/** Of one answer: a query for a number has a few series, not thousands. */
const seriesMax = 1000;

/**
 * Reads metrics from Prometheus, or whatever speaks its HTTP API. A query may give several series: they become one value as the metric
 * wants it. Of one that fails or gives nothing there is the reason instead; only where all fail is that an error. It cannot see how
 * old a value is that Prometheus still gives, five minutes at most by its own defaults: a query may ask for that itself.
 */
export function createPrometheusReadings(options: PrometheusReadingsOptions): ReadingsPort {
  const { queries } = options;
  return {
    async read(group, metrics, signal) {
      const asked = metrics.flatMap((wanted) => {
        const query = queries[group]?.[wanted.metric];
        return query === undefined ? [] : [{ wanted, query }];
      });
      const answers = await Promise.allSettled(asked.map(({ query }) => ask(options, query, signal)));
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (failed !== undefined && answers.every(({ status }) => status === 'rejected')) throw failed.reason;
      return Object.fromEntries(
        asked.map(({ wanted: { metric, merge }, query }, at) => {
          const answer = answers[at] as PromiseSettledResult<readonly ScalingReading[]>;
          if (answer.status === 'rejected') return [metric, { because: reasonOf(answer.reason) }];
          const none = { because: `Prometheus has no series for ${query}` };
          return [metric, mergeReadings(answer.value, merge) ?? none];
        }),
      ) as Readings;
    },
  };
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

function ask(
  access: PrometheusAccess,
  query: string,
  signal: AbortSignal,
): Promise<readonly ScalingReading[]> {
  return askPrometheus(access, { path: 'query', words: { query }, read: readData }, signal);
}

/** `vector`: a number for each series; `scalar`: one. */
function readData(data: Field): readonly ScalingReading[] {
  const result = data.at('result');
  if (data.at('resultType').oneOf(['vector', 'scalar']) === 'scalar') return [readSample(result)];
  const samples = result.array((series) => readSample(series.at('value')));
  if (samples.length > seriesMax)
    result.problem(`must be at most ${seriesMax} series, got ${samples.length}`);
  return samples;
}

/** `[1735689600.123, "0.5"]`; `NaN` and `+Inf` are texts, too. */
function readSample(pair: Field): ScalingReading {
  const text = pair.at(1).string();
  const value = /^[+-]?Inf$/.test(text) ? Number.POSITIVE_INFINITY : Number(text);
  return { value, atMs: pair.at(0).number() * 1000 };
}
