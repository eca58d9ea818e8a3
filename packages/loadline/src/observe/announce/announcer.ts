import { type Clock, ended, type Random, type Timer, withTimeLimit } from '../../base/index.ts';
import type { ControlPlane, Presence } from './ask-control-plane.ts';
import { nextTurn, type Outcome, type Standing, strange } from './next-turn.ts';

/** A process that tells a control plane that it is there, until it is closed. */
export interface Announcement extends AsyncDisposable {
  /** Whether the control plane knew this process when it was last asked. */
  readonly isKnown: boolean;
  /** Why it does not; undefined while it does, and before the first answer. */
  readonly problem: string | undefined;
  /** Takes leave: the control plane forgets this process at once. Takes two seconds at most, and never rejects. */
  close(): Promise<void>;
}

export interface AnnouncerMeans {
  readonly controlPlane: ControlPlane;
  /** For people: where it is. */
  readonly name: string;
  readonly presence: Presence;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProblem: (problem: string) => void;
}

const answerMsMax = 5000;
const leaveMsMax = 2000;

/** Registers, keeps the heartbeat, and registers anew where it was forgotten. One question at a time. */
export class Announcer implements Announcement {
  readonly #means: AnnouncerMeans;
  readonly #ending = new AbortController();
  #standing: Standing = strange;
  #timer: Timer | undefined;
  #turn: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(means: AnnouncerMeans) {
    this.#means = means;
    this.#turn = this.#takeTurn();
  }

  get isKnown(): boolean {
    return this.#standing.id !== undefined && this.#standing.failures === 0;
  }

  get problem(): string | undefined {
    return this.#standing.problem;
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #takeTurn(): Promise<void> {
    const { random, onProblem, name, clock } = this.#means;
    const outcome = await this.#ask();
    if (outcome === undefined) return;
    const before = this.#standing;
    const { standing, delayMs } = nextTurn(before, outcome, random);
    this.#standing = standing;
    if (before.problem === undefined && standing.problem !== undefined)
      onProblem(ended(`The control plane at ${name} does not know of this process: ${standing.problem}`));
    if (this.#ending.signal.aborted) return;
    this.#timer = clock.setTimer(() => {
      this.#turn = this.#takeTurn();
    }, delayMs);
  }

  /** Undefined where it has been closed meanwhile. */
  async #ask(): Promise<Outcome | undefined> {
    const { controlPlane, presence, clock } = this.#means;
    const { id } = this.#standing;
    const asked = await withTimeLimit({ clock, limitMs: answerMsMax, end: this.#ending.signal }, (signal) =>
      id === undefined ? controlPlane.register(presence, signal) : controlPlane.beat(id, signal),
    );
    switch (asked.kind) {
      case 'done':
        return asked.value;
      case 'ended':
        return undefined;
      case 'late':
        return { kind: 'failed', problem: 'it did not answer within 5 seconds', retryAfterMs: 0 };
      case 'failed':
        return { kind: 'failed', problem: String(asked.error), retryAfterMs: 0 };
    }
  }

  async #leave(): Promise<void> {
    this.#timer?.cancel();
    this.#ending.abort();
    await this.#turn;
    const { controlPlane, clock } = this.#means;
    const { id } = this.#standing;
    if (id === undefined) return;
    await withTimeLimit({ clock, limitMs: leaveMsMax, end: new AbortController().signal }, (signal) =>
      controlPlane.remove(id, signal),
    );
  }
}
