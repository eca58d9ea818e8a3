import type { Asker } from './ask.ts';
import type { Fleet } from './driver.ts';
import type { ScalingPolicy } from './policy/policy.ts';
import type { ReadingsPort } from './readings.ts';
import type { Foresight } from './standing.ts';
import type { SeriesByMetric } from './strategies/strategy.ts';

/** The past grows slowly, and to read weeks of it is dear. */
const historyAgeMsMax = 300_000;
/** Of so many starts the time is known; a start takes as long as nine of ten have taken. */
const startsMax = 20;
const startQuantile = 0.9;

/** What one group's strategies may know beside the present: how long its starts take, and the past of its metrics. */
export class Outlook {
  readonly #group: string;
  readonly #readings: ReadingsPort;
  readonly #asker: Asker;
  readonly #startingSinceMs = new Map<string, number>();
  #startsMs: number[] = [];
  #series: SeriesByMetric = {};
  #readAtMs = Number.NEGATIVE_INFINITY;

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

  /** @returns `because` where the past was to be read and could not be; the older one is given all the same. */
  async look(
    policy: ScalingPolicy,
    nowMs: number,
  ): Promise<{ foresight: Foresight; because: string | undefined }> {
    const because = await this.#readHistory(policy, nowMs);
    const startMs = this.#startMs();
    return { foresight: { ...(startMs === undefined ? {} : { startMs }), series: this.#series }, because };
  }

  async #readHistory({ rules }: ScalingPolicy, nowMs: number): Promise<string | undefined> {
    const metrics = rules.filter((rule) => rule.kind === 'forecast');
    const { history } = this.#readings;
    if (metrics.length === 0 || history === undefined || nowMs - this.#readAtMs < historyAgeMsMax)
      return undefined;
    const answer = await this.#asker.ask('the source of the past', (signal) =>
      history.call(this.#readings, this.#group, metrics, signal),
    );
    if ('because' in answer) return answer.because;
    this.#series = answer.value;
    this.#readAtMs = nowMs;
    return undefined;
  }

  #startMs(): number | undefined {
    const sorted = this.#startsMs.toSorted((a, b) => a - b);
    return sorted[Math.ceil(startQuantile * sorted.length) - 1];
  }
}
