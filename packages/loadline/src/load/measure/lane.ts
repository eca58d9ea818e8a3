import { createHistogram, type Histogram } from '../../metrics/index.ts';
import type { FailureReason } from '../transports/transport.ts';

/**
 * The requests of one endpoint in one scenario. What happens goes into the present interval; when that ends
 * it is added to the whole, and kept as bytes, a few hundred an interval.
 */
export class Lane {
  readonly scenario: string;
  readonly endpoint: string;
  readonly failures: Map<FailureReason, { count: number; example: string }> = new Map();
  readonly checks: CheckCount[] = [];
  bytesIn = 0;
  bytesOut = 0;
  readonly #statuses = new Map<number, number>();
  /** Mostly a status is that of the response before: so many of it are not in the map yet. */
  #status = 0;
  #statusCount = 0;
  readonly #endedLatency = createHistogram();
  readonly #endedService = createHistogram();
  readonly #latency = createHistogram();
  readonly #service = createHistogram();
  #requests = 0;
  #errors = 0;
  /** Of the present interval. */
  #requestsNow = 0;
  #errorsNow = 0;
  #points: (LanePoint | undefined)[] = [];
  readonly #checkByName = new Map<string, CheckCount>();

  constructor(scenario: string, endpoint: string) {
    this.scenario = scenario;
    this.endpoint = endpoint;
  }

  /** A response; both times in milliseconds. */
  response(status: number, isError: boolean, latencyMs: number, serviceMs: number): void {
    this.#requestsNow++;
    if (isError) this.#errorsNow++;
    if (status === this.#status) this.#statusCount++;
    else this.#countStatus(status);
    this.#latency.record(microseconds(latencyMs));
    this.#service.record(microseconds(serviceMs));
  }

  /** A message that somebody waited for; both times in milliseconds. */
  message(latencyMs: number, serviceMs: number): void {
    this.#requestsNow++;
    this.#latency.record(microseconds(latencyMs));
    this.#service.record(microseconds(serviceMs));
  }

  /** A message that was sent and that nobody answers: there is nothing to measure. */
  sent(): void {
    this.#requestsNow++;
  }

  /** A failure has a latency too: leaving out the requests that timed out would flatter the target. */
  failure(reason: FailureReason, message: string, latencyMs: number, serviceMs: number | undefined): void {
    this.#requestsNow++;
    this.#errorsNow++;
    const known = this.failures.get(reason);
    if (known === undefined) this.failures.set(reason, { count: 1, example: message });
    else known.count++;
    this.#latency.record(microseconds(latencyMs));
    if (serviceMs !== undefined) this.#service.record(microseconds(serviceMs));
  }

  /** Where the outcomes of a check are counted. */
  check(name: string): CheckCount {
    const known = this.#checkByName.get(name);
    if (known !== undefined) return known;
    const count = { name, passed: 0, failed: 0 };
    this.#checkByName.set(name, count);
    this.checks.push(count);
    return count;
  }

  get requests(): number {
    return this.#requests + this.#requestsNow;
  }

  get errors(): number {
    return this.#errors + this.#errorsNow;
  }

  /** From when requests were due, over the whole run, in microseconds; a copy. */
  get latency(): Histogram {
    return sumOf(this.#endedLatency, this.#latency);
  }

  /** From when requests were sent; a copy. */
  get service(): Histogram {
    return sumOf(this.#endedService, this.#service);
  }

  get statuses(): ReadonlyMap<number, number> {
    this.#noteStatuses();
    return new Map([...this.#statuses].toSorted(([a], [b]) => a - b));
  }

  /** What an interval holds, `isPresent` the one that is being recorded; undefined where nothing happened. */
  point(interval: number, isPresent: boolean): LanePoint | undefined {
    const ended = this.#points[interval];
    return isPresent ? joinPoints(ended, this.#present()) : ended;
  }

  /** The interval of this number is over. */
  endInterval(interval: number): void {
    const point = this.#present();
    while (this.#points.length <= interval) this.#points.push(undefined);
    // It may have begun before the intervals were halved.
    this.#points[interval] = joinPoints(this.#points[interval], point);
    if (point === undefined) return;
    this.#requests += this.#requestsNow;
    this.#errors += this.#errorsNow;
    this.#requestsNow = 0;
    this.#errorsNow = 0;
    this.#endedLatency.merge(this.#latency);
    this.#endedService.merge(this.#service);
    this.#latency.reset();
    this.#service.reset();
  }

  /** Adds what a lane of the same name has measured elsewhere; its points stand in the intervals that `place` names. */
  absorb(part: LanePart, place: (interval: number) => number): void {
    this.bytesIn += part.bytesIn;
    this.bytesOut += part.bytesOut;
    for (const [status, count] of part.statuses) this.#addStatuses(status, count);
    for (const [reason, { count, example }] of part.failures) {
      const known = this.failures.get(reason);
      if (known === undefined) this.failures.set(reason, { count, example });
      else known.count += count;
    }
    for (const { name, passed, failed } of part.checks) {
      const known = this.check(name);
      known.passed += passed;
      known.failed += failed;
    }
    for (const [interval, point] of part.points) {
      const at = place(interval);
      while (this.#points.length <= at) this.#points.push(undefined);
      this.#points[at] = joinPoints(this.#points[at], point);
      this.#requests += point.requests;
      this.#errors += point.errors;
      this.#endedLatency.mergeEncoded(point.latency);
      this.#endedService.mergeEncoded(point.service);
    }
  }

  /** Hands over all that has ended, and forgets it. */
  take(): LanePart {
    const part: LanePart = {
      scenario: this.scenario,
      endpoint: this.endpoint,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      statuses: [...this.statuses],
      failures: [...this.failures],
      checks: this.checks.map((check) => ({ ...check })),
      points: this.#points.flatMap((point, interval) =>
        point === undefined ? [] : [[interval, point] as const],
      ),
    };
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.#statuses.clear();
    this.failures.clear();
    for (const check of this.checks) {
      check.passed = 0;
      check.failed = 0;
    }
    // Only the places stay: what comes next stands behind them.
    this.#points.fill(undefined);
    this.#requests = 0;
    this.#errors = 0;
    this.#endedLatency.reset();
    this.#endedService.reset();
    return part;
  }

  /** Every two intervals become one. */
  halve(): void {
    const halved: (LanePoint | undefined)[] = [];
    for (let index = 0; index < this.#points.length; index += 2)
      halved.push(joinPoints(this.#points[index], this.#points[index + 1]));
    this.#points = halved;
  }

  #countStatus(status: number): void {
    this.#noteStatuses();
    this.#status = status;
    this.#statusCount = 1;
  }

  #noteStatuses(): void {
    if (this.#statusCount > 0) this.#addStatuses(this.#status, this.#statusCount);
    this.#statusCount = 0;
  }

  #addStatuses(status: number, count: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + count);
  }

  #present(): LanePoint | undefined {
    if (this.#requestsNow === 0) return undefined;
    return {
      requests: this.#requestsNow,
      errors: this.#errorsNow,
      latency: this.#latency.encode(),
      service: this.#service.encode(),
    };
  }
}

export interface CheckCount {
  readonly name: string;
  passed: number;
  failed: number;
}

/** What a lane has measured, to be added to another one; plain data. */
export interface LanePart {
  readonly scenario: string;
  readonly endpoint: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly statuses: readonly (readonly [status: number, count: number])[];
  readonly failures: readonly (readonly [
    FailureReason,
    { readonly count: number; readonly example: string },
  ])[];
  readonly checks: readonly Readonly<CheckCount>[];
  readonly points: readonly (readonly [interval: number, LanePoint])[];
}

/** One interval of a lane. The histograms are in wire form: a few hundred bytes instead of as many buckets. */
export interface LanePoint {
  readonly requests: number;
  readonly errors: number;
  readonly latency: Uint8Array<ArrayBuffer>;
  readonly service: Uint8Array<ArrayBuffer>;
}

function joinPoints(first: LanePoint | undefined, second: LanePoint | undefined): LanePoint | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    requests: first.requests + second.requests,
    errors: first.errors + second.errors,
    latency: joinEncoded(first.latency, second.latency),
    service: joinEncoded(first.service, second.service),
  };
}

function joinEncoded(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  joining.reset();
  joining.mergeEncoded(first);
  joining.mergeEncoded(second);
  return joining.encode();
}

/** Hundreds of intervals are joined at once: in one histogram, so that there is nothing to collect afterwards. */
const joining = createHistogram();

function sumOf(first: Histogram, second: Histogram): Histogram {
  const sum = first.copy();
  sum.merge(second);
  return sum;
}

function microseconds(durationMs: number): number {
  return durationMs > 0 ? Math.round(durationMs * 1000) : 0;
}
