import { Histogram } from 'loadline/metrics';
import type { Sample } from 'loadline/store';
import { latestFiguresOf } from './latest-figures.ts';

/** A figure of an instance. */
export interface LateFigure {
  readonly value: number;
  /** Until when it was measured, in milliseconds since the epoch, and over how long. */
  readonly atMs: number;
  readonly overMs: number;
}

/** Between two looks at an instance. Times are of the clock that nobody sets, but for `atMs`. */
interface Slice {
  readonly fromMs: number;
  readonly toMs: number;
  readonly atMs: number;
  readonly figures: ReadonlyMap<string, number>;
  readonly latency: Histogram | undefined;
}

interface Service {
  /** Whether it has ever told how long requests take. */
  tellsLatency: boolean;
  /** Of each instance, the newest first. */
  readonly instances: Map<string, Slice[]>;
  /** Why those told nothing that were asked last and told nothing. */
  readonly misses: Map<string, string>;
}

/** Shares and rates are of so much time, or of the last look where that is of more. */
const figureMs = 1000;
/** So much is kept for response times. */
const keptMs = 30_000;
const slicesMax = 128;
const missesMax = 1000;
/** Who says nothing any more counts no longer after three looks, and is forgotten after so long. */
const forgottenMs = 300_000;
const silentLooks = 3;

/**
 * The latest of the services that are scaled, instance by instance, as soon as a look has brought it: what a scaler goes by
 * without waiting for the store. Whoever looks hands it in here. Where two look at the same instance, the one that has looked last
 * counts, and what was before: no moment counts twice.
 */
export class Lately {
  readonly #services: ReadonlyMap<string, Service>;

  constructor(services: Iterable<string>) {
    this.#services = new Map(
      [...services].map((service) => [
        service,
        { tellsLatency: false, instances: new Map(), misses: new Map() },
      ]),
    );
  }

  /** @param at when it was said, and of which time. */
  take(
    { service, instance }: { readonly service: string; readonly instance: string },
    samples: readonly Sample[],
    at: { readonly nowMs: number; readonly elapsedS: number },
  ): void {
    const known = this.#services.get(service);
    known?.misses.delete(instance);
    const [first] = samples;
    if (known === undefined || first === undefined) return;
    const slices = known.instances.get(instance) ?? [];
    const fromMs = at.nowMs - at.elapsedS * 1000;
    if (at.nowMs < (slices[0]?.toMs ?? Number.NEGATIVE_INFINITY)) return;
    const latency = latencyOf(samples);
    if (latency !== undefined) known.tellsLatency = true;
    const figures = latestFiguresOf(samples);
    const slice = { fromMs, toMs: at.nowMs, atMs: first.atMs, figures, latency };
    const young = slices.filter(({ toMs }) => toMs > at.nowMs - keptMs);
    known.instances.set(instance, [slice, ...young].slice(0, slicesMax));
    for (const [id, [newest]] of known.instances)
      if (newest === undefined || newest.toMs < at.nowMs - forgottenMs) {
        known.instances.delete(id);
        known.misses.delete(id);
      }
  }

  /** One that was asked told nothing. @param because for people, of the instance as `it`, without a full stop. */
  miss(
    { service, instance }: { readonly service: string; readonly instance: string },
    because: string,
  ): void {
    const misses = this.#services.get(service)?.misses;
    if (misses !== undefined && (misses.has(instance) || misses.size < missesMax))
      misses.set(instance, because);
  }

  /** Why the first of these told nothing that did not; undefined where all did, or were not asked yet. */
  whySilent(service: string, instances: Iterable<string>): string | undefined {
    const misses = this.#services.get(service)?.misses;
    for (const instance of instances) {
      const because = misses?.get(instance);
      if (because !== undefined) return `${instance} told nothing: ${because}`;
    }
    return undefined;
  }

  /** A figure of each instance that tells it. */
  figures(service: string, metric: string): ReadonlyMap<string, LateFigure> {
    const known = this.#services.get(service);
    const found = new Map<string, LateFigure>();
    if (known === undefined) return found;
    for (const [instance, slices] of heardOf(known)) {
      const figure = figureOf(slices, metric);
      if (figure !== undefined) found.set(instance, figure);
    }
    return found;
  }

  /**
   * How long the requests of all instances took within such a time, undefined where there were none; `silent` where nobody
   * has ever told that here.
   *
   * @param windowMs what was heard of last counts also where it is of more; at most 30 s.
   */
  latency(
    service: string,
    windowMs: number,
  ): { readonly histogram: Histogram; readonly atMs: number } | undefined | 'silent' {
    const known = this.#services.get(service);
    if (known === undefined || !known.tellsLatency) return 'silent';
    const all = new Histogram();
    let atMs = 0;
    for (const [, slices] of heardOf(known)) {
      for (const slice of within(slices, windowMs)) if (slice.latency !== undefined) all.merge(slice.latency);
      atMs = Math.max(atMs, slices[0]?.atMs ?? 0);
    }
    return all.count === 0 ? undefined : { histogram: all, atMs };
  }
}

function latencyOf(samples: readonly Sample[]): Histogram | undefined {
  let all: Histogram | undefined;
  for (const { series, value } of samples) {
    const { metric, unit, labels } = series;
    if (metric !== 'latency_ms' || unit !== 'ms' || labels !== undefined || typeof value === 'number')
      continue;
    all ??= new Histogram();
    all.mergeEncoded(value);
  }
  return all;
}

/** Those of which something was heard not long before the latest that was heard of anybody. */
function heardOf({ instances }: Service): readonly (readonly [string, readonly Slice[]])[] {
  const all = [...instances];
  const latestMs = all.reduce((latest, [, [newest]]) => Math.max(latest, newest?.toMs ?? 0), 0);
  return all.filter(([, [newest]]) => {
    if (newest === undefined) return false;
    const lookMs = Math.max(1000, newest.toMs - newest.fromMs);
    return newest.toMs >= latestMs - silentLooks * lookMs;
  });
}

/** The newest, and those before it that end so short a time before it; of others' looks only what is of another time. */
function within(slices: readonly Slice[], windowMs: number): readonly Slice[] {
  const found: Slice[] = [];
  let untilMs = Number.POSITIVE_INFINITY;
  for (const slice of slices) {
    if (slice.toMs <= (slices[0] as Slice).toMs - windowMs) break;
    // A millisecond: seconds are no whole numbers of them.
    if (slice.toMs > untilMs + 1) continue;
    found.push(slice);
    untilMs = slice.fromMs;
  }
  return found;
}

/** Shares and rates are of the time in between; all else is as it was last. */
const ofTheTime: ReadonlySet<string> = new Set(['cpu_ratio', 'event_loop_ratio', 'requests']);

function figureOf(slices: readonly Slice[], metric: string): LateFigure | undefined {
  const telling = slices.filter(({ figures }) => figures.has(metric));
  const [newest] = telling;
  if (newest === undefined) return undefined;
  const { atMs } = newest;
  if (!ofTheTime.has(metric)) return { value: newest.figures.get(metric) as number, atMs, overMs: 0 };
  let overMs = 0;
  let grown = 0;
  for (const { fromMs, toMs, figures } of within(telling, figureMs)) {
    overMs += toMs - fromMs;
    grown += (toMs - fromMs) * (figures.get(metric) as number);
  }
  return overMs === 0 ? undefined : { value: grown / overMs, atMs, overMs };
}
