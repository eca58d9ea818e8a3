import { createHistogram, type Histogram } from '../metrics/index.ts';
import type { Check } from './steps/response-values.ts';
import type { FailureReason } from './transports/transport.ts';

/**
 * What a run has measured so far, in constant memory: a lane for each endpoint of each scenario, and a time
 * line whose intervals double when it gets long. Everything in it merges, so that rows by endpoint, by
 * scenario and over all are sums of lanes. Times are whole microseconds inside.
 */
export class Recorder {
  readonly lanes: Lane[] = [];
  readonly iterations: IterationCounts = { started: 0, completed: 0, cutShort: 0, interrupted: 0 };
  /** Why iterations were cut short: a template had no value for a name. */
  readonly cutShortBecause: Map<string, number> = new Map();
  /** Arrivals that were due and never started. */
  dropped = 0;
  /** Arrivals that started late because all users were busy. */
  waited = 0;
  /** Requests that were under way when the run was ended by force. */
  unfinished = 0;
  readonly timeline: Timeline = new Timeline();
  readonly #laneByName = new Map<string, Lane>();

  lane(scenario: string, endpoint: string): Lane {
    const key = JSON.stringify([scenario, endpoint]);
    const found = this.#laneByName.get(key);
    if (found !== undefined) return found;
    const lane = new Lane(scenario, endpoint);
    this.#laneByName.set(key, lane);
    this.lanes.push(lane);
    return lane;
  }

  cutShort(reason: string): void {
    this.iterations.cutShort++;
    if (this.cutShortBecause.size < 100 || this.cutShortBecause.has(reason)) {
      this.cutShortBecause.set(reason, (this.cutShortBecause.get(reason) ?? 0) + 1);
    }
  }
}

export interface IterationCounts {
  started: number;
  completed: number;
  cutShort: number;
  interrupted: number;
}

/** The requests of one endpoint in one scenario. */
export class Lane {
  readonly scenario: string;
  readonly endpoint: string;
  readonly latency: Histogram = createHistogram();
  readonly service: Histogram = createHistogram();
  readonly statuses: Map<number, number> = new Map();
  readonly failures: Map<FailureReason, { count: number; example: string }> = new Map();
  readonly checks: Map<string, { passed: number; failed: number }> = new Map();
  requests = 0;
  errors = 0;
  bytesIn = 0;
  bytesOut = 0;

  constructor(scenario: string, endpoint: string) {
    this.scenario = scenario;
    this.endpoint = endpoint;
  }

  response(measured: MeasuredResponse): void {
    this.requests++;
    if (measured.isError) this.errors++;
    this.statuses.set(measured.status, (this.statuses.get(measured.status) ?? 0) + 1);
    this.bytesIn += measured.bytesIn;
    this.bytesOut += measured.bytesOut;
    this.latency.record(microseconds(measured.latencyMs));
    this.service.record(microseconds(measured.serviceMs));
  }

  /** A failure has a latency too: leaving out the requests that timed out would flatter the target. */
  failure(reason: FailureReason, message: string, latencyMs: number, serviceMs: number | undefined): void {
    this.requests++;
    this.errors++;
    const known = this.failures.get(reason);
    if (known === undefined) this.failures.set(reason, { count: 1, example: message });
    else known.count++;
    this.latency.record(microseconds(latencyMs));
    if (serviceMs !== undefined) this.service.record(microseconds(serviceMs));
  }

  check(check: Check, holds: boolean): void {
    const known = this.checks.get(check.name) ?? { passed: 0, failed: 0 };
    if (holds) known.passed++;
    else known.failed++;
    this.checks.set(check.name, known);
  }
}

export interface MeasuredResponse {
  readonly status: number;
  readonly isError: boolean;
  readonly latencyMs: number;
  readonly serviceMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** One interval of the time line. */
export interface TimelinePoint {
  /** From the start of the run. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly users: number;
  readonly latency: Histogram;
}

/** Requests by the time of their end. Long runs are kept in at most `pointsMax` intervals, each twice as long. */
export class Timeline {
  readonly #pointsMax: number;
  #points: MutablePoint[] = [];
  #intervalMs = 1000;

  constructor(pointsMax = 600) {
    this.#pointsMax = pointsMax;
  }

  get points(): readonly TimelinePoint[] {
    return this.#points;
  }

  record(elapsedMs: number, latencyMs: number, isError: boolean): void {
    const point = this.#pointAt(elapsedMs);
    point.requests++;
    if (isError) point.errors++;
    point.latency.record(microseconds(latencyMs));
  }

  /** Notes how many users are there; an interval keeps the highest number. */
  users(elapsedMs: number, users: number): void {
    const point = this.#pointAt(elapsedMs);
    point.users = Math.max(point.users, users);
  }

  #pointAt(elapsedMs: number): MutablePoint {
    let index = Math.floor(Math.max(0, elapsedMs) / this.#intervalMs);
    while (index >= this.#pointsMax) {
      this.#halve();
      index = Math.floor(elapsedMs / this.#intervalMs);
    }
    for (let next = this.#points.length; next <= index; next++) {
      this.#points.push(emptyPoint(next * this.#intervalMs, this.#intervalMs));
    }
    return this.#points[index] as MutablePoint;
  }

  #halve(): void {
    this.#intervalMs *= 2;
    const halved: MutablePoint[] = [];
    for (let index = 0; index < this.#points.length; index += 2) {
      const point = this.#points[index] as MutablePoint;
      const next = this.#points[index + 1];
      point.durationMs = this.#intervalMs;
      if (next !== undefined) {
        point.requests += next.requests;
        point.errors += next.errors;
        point.users = Math.max(point.users, next.users);
        point.latency.merge(next.latency);
      }
      halved.push(point);
    }
    this.#points = halved;
  }
}

interface MutablePoint extends TimelinePoint {
  durationMs: number;
  requests: number;
  errors: number;
  users: number;
}

function emptyPoint(startMs: number, durationMs: number): MutablePoint {
  return { startMs, durationMs, requests: 0, errors: 0, users: 0, latency: createHistogram() };
}

function microseconds(durationMs: number): number {
  return durationMs > 0 ? Math.round(durationMs * 1000) : 0;
}
