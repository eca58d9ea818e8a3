import type { Decision } from '../decide/decision.ts';
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
  /** The first 1,000 steps, with the reason of each. */
  readonly steps: readonly SimulatedStep[];
  /** The course of it in at most 240 pieces. */
  readonly course: readonly SimulatedPiece[];
}

/** What there was in a piece of the trace, on average. */
export interface SimulatedPiece {
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly ratePerSecond: number;
  readonly instances: number;
  readonly violatedRatio: number;
  /** Of the last step in it, or where there was none of the last decision to hold. */
  readonly reason: string;
}

/** A change of the number of instances. */
export interface SimulatedStep {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  /** One sentence for people. */
  readonly reason: string;
}

interface PieceSums {
  ms: number;
  rateMs: number;
  instanceMs: number;
  violatedMs: number;
  reason: string;
  isStep: boolean;
}

const piecesMax = 240;
const stepsMax = 1000;
const hourMs = 3_600_000;

/** Adds up what a simulation sees. */
export class Tally {
  readonly #trace: Trace;
  readonly #stepsPerPiece: number;
  readonly #pieces: PieceSums[];
  readonly #steps: SimulatedStep[] = [];
  #scaleOuts = 0;
  #scaleIns = 0;
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
      reason: '',
      isStep: false,
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

  decided(step: number, { action, atMs, from, to, reason }: Decision): void {
    const piece = this.#pieces[Math.floor(step / this.#stepsPerPiece)] as PieceSums;
    const isStep = action !== 'hold';
    if (isStep || !piece.isStep) piece.reason = reason;
    if (!isStep) return;
    piece.isStep = true;
    if (action === 'scale out') this.#scaleOuts++;
    else this.#scaleIns++;
    if (this.#steps.length < stepsMax) this.#steps.push({ atMs, from, to, reason });
  }

  result(): SimulationResult {
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
      scaleOuts: this.#scaleOuts,
      scaleIns: this.#scaleIns,
      steps: this.#steps,
      course: this.#pieces.map(({ ms, rateMs, instanceMs: each, violatedMs, reason }, at) => ({
        startMs: startMs + at * this.#stepsPerPiece * stepMs,
        ratePerSecond: share(rateMs, ms),
        instances: share(each, ms),
        violatedRatio: share(violatedMs, ms),
        reason,
      })),
    };
  }
}
