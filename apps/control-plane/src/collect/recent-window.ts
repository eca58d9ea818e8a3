import { Histogram } from 'loadline/metrics';
import type { Sample } from 'loadline/store';

export interface WindowShape {
  readonly sliceMs: number;
  /** So many whole slices, and the one that is under way. */
  readonly slices: number;
  /** What is kept, with its unit: a service may have something else by the same name. */
  readonly units: ReadonlyMap<string, string>;
}

/** What came within a window, merged over instances and endpoints. */
export interface Recent {
  /** What was counted in all, of rates: requests, hits. 0 where nothing was. */
  total(metric: string): number;
  /** Undefined where nothing was recorded. */
  histogram(metric: string): Histogram | undefined;
  /**
   * Of what was counted in all, how much there was a second of the time that is known: of the instance that is known for
   * longest, and since nothing is heard any more. Undefined where nobody was asked twice.
   */
  perSecond(metric: string): number | undefined;
}

interface Slice {
  readonly startMs: number;
  readonly totals: Map<string, number>;
  readonly histograms: Map<string, Histogram>;
  /** Of how much time each instance has told, in seconds. */
  readonly toldS: Map<string, number>;
  /** When the next one is to be heard of at the latest. */
  dueMs: number;
}

/** The latest of what services did, in memory: for figures that need whole histograms. Constant in size but for the instances. */
export class RecentWindow {
  readonly #shape: WindowShape;
  readonly #services = new Map<string, Slice[]>();

  constructor(shape: WindowShape) {
    this.#shape = shape;
  }

  /** @param elapsedS of which time rates tell. */
  add(
    { service, instance }: { readonly service: string; readonly instance: string },
    samples: readonly Sample[],
    at: { readonly elapsedS: number; readonly nowMs: number },
  ): void {
    const slice = this.#current(service, at.nowMs);
    slice.toldS.set(instance, (slice.toldS.get(instance) ?? 0) + at.elapsedS);
    slice.dueMs = Math.max(slice.dueMs, at.nowMs + at.elapsedS * 1000);
    for (const { series, value } of samples) {
      const { metric, unit, labels } = series;
      if (this.#shape.units.get(metric) !== unit || labels !== undefined) continue;
      if (typeof value !== 'number') {
        const known = slice.histograms.get(metric) ?? new Histogram();
        known.mergeEncoded(value);
        slice.histograms.set(metric, known);
      } else if (isRate(unit)) {
        slice.totals.set(metric, (slice.totals.get(metric) ?? 0) + value * at.elapsedS);
      }
    }
  }

  of(service: string, nowMs: number): Recent {
    const slices = this.#kept(service, nowMs);
    const total = (metric: string): number =>
      slices.reduce((sum, { totals }) => sum + (totals.get(metric) ?? 0), 0);
    return {
      total,
      histogram(metric) {
        const all = new Histogram();
        for (const { histograms } of slices) {
          const one = histograms.get(metric);
          if (one !== undefined) all.merge(one);
        }
        return all.count > 0 ? all : undefined;
      },
      perSecond(metric) {
        const toldS = toldBy(slices);
        if (toldS === 0 || !slices.some(({ totals }) => totals.has(metric))) return undefined;
        return total(metric) / (toldS + silenceAt(slices, nowMs));
      },
    };
  }

  /** Services that nobody watches any more are forgotten. */
  keep(services: ReadonlySet<string>): void {
    for (const service of this.#services.keys()) if (!services.has(service)) this.#services.delete(service);
  }

  #current(service: string, nowMs: number): Slice {
    const slices = this.#kept(service, nowMs);
    const startMs = Math.floor(nowMs / this.#shape.sliceMs) * this.#shape.sliceMs;
    if (slices[0]?.startMs === startMs) return slices[0];
    const slice: Slice = {
      startMs,
      totals: new Map(),
      histograms: new Map(),
      toldS: new Map(),
      dueMs: nowMs,
    };
    slices.unshift(slice);
    return slice;
  }

  /** The newest first. */
  #kept(service: string, nowMs: number): Slice[] {
    const { sliceMs, slices } = this.#shape;
    const oldestMs = (Math.floor(nowMs / sliceMs) - slices) * sliceMs;
    const kept = (this.#services.get(service) ?? []).filter(({ startMs }) => startMs >= oldestMs);
    this.#services.set(service, kept);
    return kept;
  }
}

/** Of how much time the instance told that was there for longest. */
function toldBy(slices: readonly Slice[]): number {
  const seconds = new Map<string, number>();
  for (const { toldS } of slices)
    for (const [instance, told] of toldS) seconds.set(instance, (seconds.get(instance) ?? 0) + told);
  return seconds.values().reduce((longest, told) => Math.max(longest, told), 0);
}

/** For how long somebody should have been heard of, and was not. */
function silenceAt([latest]: readonly Slice[], nowMs: number): number {
  return latest === undefined ? 0 : Math.max(0, nowMs - latest.dueMs) / 1000;
}

function isRate(unit: string): boolean {
  return unit === 'rps' || unit === 'per second' || unit === 'bytes/s';
}
