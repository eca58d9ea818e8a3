import type { SessionCounts } from '../transports/session.ts';
import { Lane, type LanePart, type LanePoint } from './lane.ts';
import { SessionTally } from './session-tally.ts';

/**
 * What a run has measured so far, in constant memory: a lane for each endpoint of each scenario, and a time
 * line whose intervals double when it gets long. Everything in it merges, so that rows by endpoint, by
 * scenario and over all are sums of lanes. Times are whole microseconds inside.
 */
export class Recorder {
  readonly lanes: Lane[] = [];
  readonly iterations: IterationCounts = { started: 0, completed: 0, cutShort: 0, interrupted: 0 };
  readonly sessions: SessionTally = new SessionTally();
  /** Why iterations were cut short: a template had no value for a name, or a script threw. */
  readonly cutShortBecause: Map<string, number> = new Map();
  /** Arrivals that were due and never started. */
  dropped = 0;
  /** Arrivals that were due and have begun, or were dropped: of the others nobody knows yet what becomes of them. */
  settled = 0;
  /** Arrivals that started late because all users were busy. */
  waited = 0;
  /** Requests that were under way when the run was ended by force. */
  unfinished = 0;
  /** Arrivals and iterations of which a worker that was lost had not told yet what became of them. */
  unreported = 0;

  readonly #laneByName = new Map<string, Lane>();
  readonly #pointsMax: number;
  #intervalMs = 1000;
  /** The number of the interval that is being recorded. */
  #interval = 0;
  #intervalEndMs = 1000;
  #usersByInterval: number[] = [0];

  /** @param pointsMax the length of the time line: 600 are ten minutes by the second. */
  constructor(pointsMax = 600) {
    this.#pointsMax = pointsMax;
  }

  lane(scenario: string, endpoint: string): Lane {
    const key = JSON.stringify([scenario, endpoint]);
    const found = this.#laneByName.get(key);
    if (found !== undefined) return found;
    const lane = new Lane(scenario, endpoint);
    this.#laneByName.set(key, lane);
    this.lanes.push(lane);
    return lane;
  }

  /** Something that a script left behind failed; the iteration has long gone on. */
  stray(reason: string): void {
    this.#countReason(reason, 1);
  }

  cutShort(reason: string): void {
    this.iterations.cutShort++;
    this.#countReason(reason, 1);
  }

  /** Tells the time, so that what is recorded next stands in its interval. Before every `Lane` call. */
  at(elapsedMs: number): void {
    if (elapsedMs >= this.#intervalEndMs) this.#goOn(elapsedMs);
  }

  /** Notes how many users are there; an interval keeps the highest number. */
  users(elapsedMs: number, users: number): void {
    this.at(elapsedMs);
    this.#usersByInterval[this.#interval] = Math.max(this.#usersByInterval[this.#interval] ?? 0, users);
  }

  /** Adds what another recorder has handed over. */
  absorb(part: RecordedPart): void {
    const lastMs = (part.intervals - 1) * part.intervalMs;
    while (Math.floor(lastMs / this.#intervalMs) >= this.#pointsMax) this.#halve();
    const place = (interval: number): number => Math.floor((interval * part.intervalMs) / this.#intervalMs);
    this.at(lastMs);
    for (const lane of part.lanes) this.lane(lane.scenario, lane.endpoint).absorb(lane, place);
    this.iterations.started += part.iterations.started;
    this.iterations.completed += part.iterations.completed;
    this.iterations.interrupted += part.iterations.interrupted;
    this.iterations.cutShort += part.iterations.cutShort;
    for (const [reason, count] of part.cutShortBecause) this.#countReason(reason, count);
    this.dropped += part.dropped;
    this.settled += part.settled;
    this.waited += part.waited;
    this.unfinished += part.unfinished;
    if (part.sessions !== undefined) this.sessions.absorb(part.sessions);
  }

  /** Hands over all that was recorded until now, and forgets it. What comes next in this interval is added to it. */
  take(): RecordedPart {
    for (const lane of this.lanes) lane.endInterval(this.#interval);
    const part: RecordedPart = {
      intervalMs: this.#intervalMs,
      intervals: this.intervals,
      lanes: this.lanes.map((lane) => lane.take()),
      iterations: { ...this.iterations },
      cutShortBecause: [...this.cutShortBecause],
      dropped: this.dropped,
      settled: this.settled,
      waited: this.waited,
      unfinished: this.unfinished,
      sessions: this.sessions.take(),
    };
    Object.assign(this.iterations, { started: 0, completed: 0, cutShort: 0, interrupted: 0 });
    this.cutShortBecause.clear();
    this.dropped = 0;
    this.settled = 0;
    this.waited = 0;
    this.unfinished = 0;
    return part;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** How many intervals there are, the one that is being recorded included. */
  get intervals(): number {
    return this.#interval + 1;
  }

  /** What a lane holds in an interval; undefined where nothing happened. */
  point(lane: Lane, interval: number): LanePoint | undefined {
    return lane.point(interval, interval === this.#interval);
  }

  usersIn(interval: number): number {
    return this.#usersByInterval[interval] ?? 0;
  }

  #countReason(reason: string, count: number): void {
    if (this.cutShortBecause.size >= 100 && !this.cutShortBecause.has(reason)) return;
    this.cutShortBecause.set(reason, (this.cutShortBecause.get(reason) ?? 0) + count);
  }

  #goOn(elapsedMs: number): void {
    for (const lane of this.lanes) lane.endInterval(this.#interval);
    while (Math.floor(elapsedMs / this.#intervalMs) >= this.#pointsMax) this.#halve();
    this.#interval = Math.floor(elapsedMs / this.#intervalMs);
    this.#intervalEndMs = (this.#interval + 1) * this.#intervalMs;
  }

  #halve(): void {
    this.#intervalMs *= 2;
    const halved: number[] = [];
    for (let index = 0; index < this.#usersByInterval.length; index += 2)
      halved.push(Math.max(this.#usersByInterval[index] ?? 0, this.#usersByInterval[index + 1] ?? 0));
    this.#usersByInterval = halved;
    for (const lane of this.lanes) lane.halve();
  }
}

/** What a recorder has measured, to be added to another one; plain data. The users are told apart from it. */
export interface RecordedPart {
  readonly intervalMs: number;
  readonly intervals: number;
  readonly lanes: readonly LanePart[];
  readonly iterations: Readonly<IterationCounts>;
  readonly cutShortBecause: readonly (readonly [reason: string, count: number])[];
  readonly dropped: number;
  readonly settled: number;
  readonly waited: number;
  readonly unfinished: number;
  readonly sessions: SessionCounts | undefined;
}

export interface IterationCounts {
  started: number;
  completed: number;
  cutShort: number;
  interrupted: number;
}
