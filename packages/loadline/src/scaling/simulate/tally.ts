import type { SimulatedFleet } from './fleet.ts';
import type { Served } from './service.ts';
import type { Trace } from './trace.ts';

/** What a policy would have meant on a trace. */
export interface SimulationResult {
  /** Instances, ready or starting, over the time in which they were there. */
  readonly instanceHours: number;
  /** The share of the time in which the target was missed, 0 to 1, and the share of the requests that came in it. */
  readonly violatedRatio: number;
  readonly violatedRequestRatio: number;
  /** The share of the requests that gave up waiting. */
  readonly lostRequestRatio: number;
  readonly requests: number;
  readonly durationMs: number;
  readonly instancesMean: number;
  readonly instancesMax: number;
  /** The busy share of all instances that were ready, on average. */
  readonly busyRatio: number;
  readonly scaleOuts: number;
  readonly scaleIns: number;
  /** The course of it in at most 240 pieces. */
  readonly course: readonly SimulatedPiece[];
}

export interface SimulatedPiece {
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly ratePerSecond: number;
  readonly instances: number;
  readonly violatedRatio: number;
}

interface PieceSums {
  ms: number;
  rateMs: number;
  instanceMs: number;
  violatedMs: number;
}

const piecesMax = 240;
const hourMs = 3_600_000;

/** Adds up what a simulation sees. */
export class Tally {
  readonly #trace: Trace;
  readonly #stepsPerPiece: number;
  readonly #pieces: PieceSums[];
  #violatedRequests = 0;
  #lost = 0;
  #requests = 0;
  #readyMs = 0;
  #busyMs = 0;
  #instancesMax = 0;

  constructor(trace: Trace) {
    const steps = trace.ratesPerSecond.length;
    this.#trace = trace;
    this.#stepsPerPiece = Math.max(1, Math.ceil(steps / piecesMax));
    this.#pieces = Array.from({ length: Math.ceil(steps / this.#stepsPerPiece) }, () => ({
      ms: 0,
      rateMs: 0,
      instanceMs: 0,
      violatedMs: 0,
    }));
  }

  add(
    step: number,
    {
      rate,
      served,
      fleet,
      intervalMs,
    }: {
      readonly rate: number;
      readonly served: Served;
      readonly fleet: SimulatedFleet;
      readonly intervalMs: number;
    },
  ): void {
    const piece = this.#pieces[Math.floor(step / this.#stepsPerPiece)] as PieceSums;
    const came = (rate * intervalMs) / 1000;
    piece.ms += intervalMs;
    piece.rateMs += rate * intervalMs;
    piece.instanceMs += fleet.wanted * intervalMs;
    this.#requests += came;
    this.#lost += served.lost;
    this.#readyMs += fleet.ready * intervalMs;
    this.#busyMs += fleet.ready * served.busyRatio * intervalMs;
    this.#instancesMax = Math.max(this.#instancesMax, fleet.wanted);
    if (!served.isViolated) return;
    piece.violatedMs += intervalMs;
    this.#violatedRequests += came;
  }

  result(changes: Pick<SimulationResult, 'scaleOuts' | 'scaleIns'>): SimulationResult {
    const sum = (of: (piece: PieceSums) => number): number =>
      this.#pieces.reduce((total, piece) => total + of(piece), 0);
    const durationMs = sum(({ ms }) => ms);
    const instanceMs = sum(({ instanceMs: each }) => each);
    const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
    const { startMs, stepMs } = this.#trace;
    return {
      instanceHours: instanceMs / hourMs,
      violatedRatio: share(
        sum(({ violatedMs }) => violatedMs),
        durationMs,
      ),
      violatedRequestRatio: share(this.#violatedRequests, this.#requests),
      lostRequestRatio: share(this.#lost, this.#requests),
      requests: this.#requests,
      durationMs,
      instancesMean: share(instanceMs, durationMs),
      instancesMax: this.#instancesMax,
      busyRatio: share(this.#busyMs, this.#readyMs),
      ...changes,
      course: this.#pieces.map(({ ms, rateMs, instanceMs: each, violatedMs }, at) => ({
        startMs: startMs + at * this.#stepsPerPiece * stepMs,
        ratePerSecond: share(rateMs, ms),
        instances: share(each, ms),
        violatedRatio: share(violatedMs, ms),
      })),
    };
  }
}
