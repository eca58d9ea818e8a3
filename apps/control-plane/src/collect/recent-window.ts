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
  /** Of what was counted in all, how much there was a second; undefined where nobody was asked. */
  perSecond(metric: string): number | undefined;
}

interface Slice {
  readonly startMs: number;
  readonly totals: Map<string, number>;
  readonly histograms: Map<string, Histogram>;
}

/** The latest of what services did, in memory: for figures that need whole histograms. Constant in size for each service. */
export class RecentWindow {
  readonly #shape: WindowShape;
  readonly #services = new Map<string, Slice[]>();

  constructor(shape: WindowShape) {
    this.#shape = shape;
  }

  /** @param elapsedS of which time rates tell. */
  add(
    service: string,
    samples: readonly Sample[],
    at: { readonly elapsedS: number; readonly nowMs: number },
  ): void {
    const slice = this.#current(service, at.nowMs);
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
        const oldest = slices.at(-1);
        if (oldest === undefined || !slices.some(({ totals }) => totals.has(metric))) return undefined;
        return total(metric) / Math.max(1, (nowMs - oldest.startMs) / 1000);
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
    const slice: Slice = { startMs, totals: new Map(), histograms: new Map() };
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

function isRate(unit: string): boolean {
  return unit === 'rps' || unit === 'per second' || unit === 'bytes/s';
}
