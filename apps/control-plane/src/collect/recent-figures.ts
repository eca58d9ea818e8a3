import type { Sample } from 'loadline/store';
import { type Recent, RecentWindow } from './recent-window.ts';

const unitsOfMinute: ReadonlyMap<string, string> = new Map([
  ['requests', 'rps'],
  ['errors', 'rps'],
  ['latency_ms', 'ms'],
  ['answered_ms', 'ms'],
  ['database_query_ms', 'ms'],
  ['cache_hits', 'per second'],
  ['cache_lookups', 'per second'],
]);
const unitsOfVitals: ReadonlyMap<string, string> = new Map([
  ...['lcp', 'inp', 'fid', 'fcp', 'ttfb'].map((name) => [`web_vital_${name}`, 'ms'] as const),
  ['web_vital_cls', 'ratio'],
  ['web_speed_ratings', 'per second'],
  ['web_speed_fast', 'per second'],
]);

/** Of which figures of "now" are made: the last minute, and of what browsers tell, which comes more rarely, the last hour. */
export class RecentFigures {
  readonly #minute = new RecentWindow({ sliceMs: 10_000, slices: 6, units: unitsOfMinute });
  readonly #vitals = new RecentWindow({ sliceMs: 300_000, slices: 12, units: unitsOfVitals });

  add(
    of: { readonly service: string; readonly instance: string },
    samples: readonly Sample[],
    at: { readonly elapsedS: number; readonly nowMs: number },
  ): void {
    this.#minute.add(of, samples, at);
    this.#vitals.add(of, samples, at);
  }

  of(service: string, nowMs: number): Recent {
    return this.#minute.of(service, nowMs);
  }

  vitalsOf(service: string, nowMs: number): Recent {
    return this.#vitals.of(service, nowMs);
  }

  /** Services that nobody watches any more are forgotten. */
  keep(services: ReadonlySet<string>): void {
    this.#minute.keep(services);
    this.#vitals.keep(services);
  }
}
