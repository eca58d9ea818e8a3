import { ended } from 'loadline/base';
import type { Sample, Store, WriteReceipt } from 'loadline/store';
import { type Mistake, Problem } from '../problems/index.ts';

/** In which way samples came. */
export const intakeDoors = ['batch', 'text', 'remote write'] as const;

export type IntakeDoor = (typeof intakeDoors)[number];

/** What was read of a request, before anything of it is kept. */
export interface Delivery {
  readonly samples: readonly Sample[];
  /** Where each sample stands in what was sent, for whoever has to correct it. */
  readonly pointerOf: (index: number) => string;
  /** What could not be read. */
  readonly refused: number;
  /** The first of that. */
  readonly problems: readonly IntakeProblem[];
  /** What says nothing: no number, or of a counter and not newer than its last one. */
  readonly leftOut: number;
  /** Whether a part of it waits in memory for what comes with another request. */
  readonly isHeld?: boolean;
  /** Whether a part of it is no sample yet, and what comes next is compared with it. */
  readonly isRemembered?: boolean;
}

export interface IntakeProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** What became of a delivery. */
export interface Intaken {
  readonly state: 'committed' | 'waiting';
  readonly accepted: number;
  readonly refused: number;
  readonly leftOut: number;
  /** The first ten. */
  readonly problems: readonly IntakeProblem[];
}

/** Samples since the start, by what became of them. */
export type IntakeCounts = Readonly<Record<(typeof intakeOutcomes)[number], number>>;

export const intakeOutcomes = ['committed', 'waiting', 'dropped', 'refused', 'left out'] as const;

/**
 * Takes in what others measured: into the store, and nowhere else. Whoever sent it learns whether it is committed, or waits
 * in memory until the database takes it.
 */
export class Intake {
  readonly #metrics: Pick<Store['metrics'], 'write'>;
  readonly #counts = new Map(intakeDoors.map((door) => [door, newCounts()]));

  constructor(metrics: Pick<Store['metrics'], 'write'>) {
    this.#metrics = metrics;
  }

  counts(door: IntakeDoor): IntakeCounts {
    return { ...this.#countsOf(door) };
  }

  /**
   * Keeps what can be kept.
   *
   * @throws CONTROL_PLANE_REQUEST_INVALID where there were samples, and none can be; CONTROL_PLANE_UNAVAILABLE where they
   *   had to be dropped.
   */
  async take(door: IntakeDoor, delivery: Delivery): Promise<Intaken> {
    const counts = this.#countsOf(door);
    const receipt = await this.#metrics.write(delivery.samples);
    counts[receipt.state] += receipt.accepted;
    counts.refused += receipt.refused;
    if (receipt.state === 'dropped') throw dropped();
    // What is sent again is counted then.
    counts.refused += delivery.refused;
    counts['left out'] += delivery.leftOut;
    const taken = takenOf(delivery, receipt, delivery.isHeld === true ? 'waiting' : receipt.state);
    const isNothing = taken.accepted === 0 && delivery.isRemembered !== true;
    if (isNothing && taken.refused > 0) throw nothingTaken(taken);
    return taken;
  }

  #countsOf(door: IntakeDoor): Record<keyof IntakeCounts, number> {
    return this.#counts.get(door) as Record<keyof IntakeCounts, number>;
  }
}

const problemsMax = 10;

function newCounts(): Record<keyof IntakeCounts, number> {
  return { committed: 0, waiting: 0, dropped: 0, refused: 0, 'left out': 0 };
}

function takenOf(
  { pointerOf, refused, problems, leftOut }: Delivery,
  receipt: WriteReceipt,
  state: Intaken['state'],
): Intaken {
  const unkept = receipt.problems.map(({ index, message }) => ({
    pointer: pointerOf(index),
    // The store counts them in its own way.
    detail: message.replace(/^Sample \d+ /, '').replace(/\.$/, ''),
  }));
  return {
    state,
    accepted: receipt.accepted,
    refused: refused + receipt.refused,
    leftOut,
    problems: [...problems, ...unkept].slice(0, problemsMax),
  };
}

function nothingTaken({ refused, problems }: Intaken): Problem {
  const errors = problems.map((problem): Mistake => ({ in: 'body', ...problem }));
  const [first] = problems;
  const told = first === undefined ? '' : ` ${ended(`The first: ${first.pointer} ${first.detail}`)}`;
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', `None of ${refused} samples can be kept.${told}`, {
    errors,
  });
}

const retryAfterS = 5;

function dropped(): Problem {
  return new Problem(
    'CONTROL_PLANE_UNAVAILABLE',
    'The database takes nothing at the moment, and no more can wait for it. Nothing of this was kept: send it again.',
    { headers: { 'retry-after': String(retryAfterS) } },
  );
}
