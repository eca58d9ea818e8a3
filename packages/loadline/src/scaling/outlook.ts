import { RollingForecast } from '../capacity/index.ts';
import type { Asker } from './ask.ts';
import type { Foresight } from './decide/standing.ts';
import type { Fleet } from './driver.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import type { ForecastRule } from './policy/rule.ts';
import type { ReadingsPort } from './readings.ts';
import { type Observation, see } from './strategies/observation.ts';
import type { MetricSeries, SeriesByMetric } from './strategies/strategy.ts';

/** Where the past could not be read, it is asked for again after so long. */
const retryMs = 300_000;
/** Of so many starts the time is known; a start takes as long as nine of ten have taken. */
const startsMax = 20;
const startQuantile = 0.9;
/** Before the first start was seen. */
const unknownStartMs = 120_000;

/** A forecast, and what it was made for. */
interface KnownForecast {
  readonly forecast: RollingForecast;
  readonly quantile: number;
  readonly horizonMs: number;
}

/**
 * What one group's strategies may know beside the present: how long its starts take, and forecasts, which begin with
 * the past that is kept somewhere and go on with what each round sees.
 */
export class Outlook {
  readonly #group: string;
  readonly #readings: ReadingsPort;
  readonly #asker: Asker;
  readonly #startingSinceMs = new Map<string, number>();
  readonly #forecasts = new Map<string, KnownForecast>();
  #startsMs: number[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(group: string, readings: ReadingsPort, asker: Asker) {
    this.#group = group;
    this.#readings = readings;
    this.#asker = asker;
  }

  /** Learns from each look at the instances how long a start takes. */
  learn({ instances }: Fleet): void {
    for (const { id, state, sinceMs } of instances) {
      const startedMs = this.#startingSinceMs.get(id);
      if (state === 'starting' && startedMs === undefined) this.#startingSinceMs.set(id, sinceMs);
      if (state === 'starting' || startedMs === undefined) continue;
      this.#startingSinceMs.delete(id);
      if (state === 'ready' && sinceMs >= startedMs)
        this.#startsMs = [...this.#startsMs, sinceMs - startedMs].slice(-startsMax);
    }
    const present = new Set(instances.map(({ id }) => id));
    for (const id of this.#startingSinceMs.keys()) if (!present.has(id)) this.#startingSinceMs.delete(id);
  }

  /** @returns `because` where the past was to be read and could not be. */
  async look(
    { rules, staleAfterMs }: ScalingPolicy,
    seen: Observation,
  ): Promise<{ readonly foresight: Foresight; readonly because: string | undefined }> {
    const foreseen = rules.filter((rule) => rule.kind === 'forecast');
    const because = await this.#begin(foreseen, seen.atMs);
    for (const rule of foreseen) {
      this.#renew(rule);
      this.#observe(rule, seen, staleAfterMs);
    }
    for (const metric of this.#forecasts.keys())
      if (!foreseen.some((rule) => rule.metric === metric)) this.#forecasts.delete(metric);
    const startMs = this.#startMs();
    return {
      foresight: {
        ...(startMs === undefined ? {} : { startMs }),
        forecasts: Object.fromEntries(
          [...this.#forecasts].map(([metric, { forecast }]) => [metric, forecast]),
        ),
      },
      because,
    };
  }

  /** Reads the past of what is not forecast yet. Without a past, a forecast begins with what is seen from now on. */
  async #begin(foreseen: readonly ForecastRule[], nowMs: number): Promise<string | undefined> {
    const unknown = foreseen.filter(({ metric }) => !this.#forecasts.has(metric));
    if (unknown.length === 0 || nowMs - this.#askedAtMs < retryMs) return undefined;
    this.#askedAtMs = nowMs;
    const answer = await this.#asker.ask('the source of the past', (signal) =>
      this.#history(unknown, signal),
    );
    if ('because' in answer) return answer.because;
    for (const rule of unknown) this.#set(rule, answer.value[rule.metric]);
    return undefined;
  }

  /** A policy that looks further ahead, or starts that take longer, need another one: it begins with what this one knows. */
  #renew(rule: ForecastRule): void {
    const known = this.#forecasts.get(rule.metric);
    if (known === undefined) return;
    if (this.#aheadMs(rule) <= known.horizonMs && rule.quantile === known.quantile) return;
    const { history } = known.forecast;
    this.#set(rule, history.values.length === 0 ? undefined : history);
  }

  #set(rule: ForecastRule, history: MetricSeries | undefined): void {
    const { metric, quantile } = rule;
    // Twice as far, because starts may come to take longer than those that were seen.
    const horizonMs = 2 * this.#aheadMs(rule);
    const forecast = new RollingForecast({
      ...{ quantile, horizonMs },
      ...(history === undefined ? {} : { history }),
    });
    this.#forecasts.set(metric, { forecast, quantile, horizonMs });
  }

  #aheadMs({ leadMs = this.#startMs() ?? unknownStartMs, marginMs }: ForecastRule): number {
    return leadMs + marginMs;
  }

  async #history(metrics: readonly ForecastRule[], signal: AbortSignal): Promise<SeriesByMetric> {
    return (await this.#readings.history?.(this.#group, metrics, signal)) ?? {};
  }

  /** A forecast is of the whole group, also of what is measured of one instance. */
  #observe({ metric, of }: ForecastRule, seen: Observation, staleAfterMs: number): void {
    const sight = see(metric, seen, staleAfterMs);
    if ('flaw' in sight) return;
    const total = of === 'per replica' ? sight.value * seen.ready : sight.value;
    this.#forecasts.get(metric)?.forecast.observe(seen.atMs - sight.ageMs, total);
  }

  #startMs(): number | undefined {
    const sorted = this.#startsMs.toSorted((a, b) => a - b);
    return sorted[Math.ceil(startQuantile * sorted.length) - 1];
  }
}
