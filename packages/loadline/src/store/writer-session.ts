import { type Clock, isLoadlineError } from '../base/index.ts';
import type { Postgres, Queryable } from '../postgres/index.ts';
import { OpenMinutes } from './open-minutes.ts';
import { floorTo, minuteMs, RollupTable } from './rollup.ts';
import { addToMinutes } from './sample-block.ts';
import type { KnownSeries, SeriesBook } from './series-book.ts';
import type { WaitingBlock } from './waiting-blocks.ts';
import {
  insertSamples,
  mergeLate,
  registerWriter,
  rollUp,
  touchWriter,
  wasCommitted,
} from './writer-rows.ts';

/** What is to be done in one transaction, as often as it takes until it is committed, and then not again. */
export type Attempt = Flush | Rolling;

export interface Flush {
  readonly kind: 'flush';
  readonly blocks: readonly WaitingBlock[];
  /** Of the transaction, once COMMIT was about to be sent. */
  xid: string | undefined;
}

export interface Rolling {
  readonly kind: 'roll up';
  readonly untilMs: number;
  xid: string | undefined;
  rolledUp?: number;
}

/** Somebody else has rolled up our minutes and removed us, because nothing was heard of us for long. */
export class TakenForDead extends Error {}

/** The server has not noticed yet that the transaction's connection is gone. */
export class StillUnderWay extends Error {}

/**
 * This process as a writer of the database: from its first sample until it is closed, or taken for dead; then it becomes
 * another. Holds the rollups of what it has committed since the moment until which it is rolled up.
 */
export class WriterSession {
  readonly #postgres: Postgres;
  readonly #options: SessionOptions;
  #minutes = new OpenMinutes();
  #writer: OpenWriter | undefined;
  #late = 0;
  #rolledUp = 0;

  constructor(postgres: Postgres, options: SessionOptions) {
    this.#postgres = postgres;
    this.#options = options;
  }

  /** Undefined while it has written nothing. */
  get rolledUntilMs(): number | undefined {
    return this.#writer?.rolledUntilMs;
  }

  get late(): number {
    return this.#late;
  }

  get rolledUp(): number {
    return this.#rolledUp;
  }

  /**
   * Commits what is attempted, or finds that it was committed before.
   *
   * @throws TakenForDead, StillUnderWay, and what the database says.
   */
  async perform(attempt: Attempt): Promise<void> {
    if (attempt.xid !== undefined) {
      const isCommitted = await wasCommitted(this.#postgres, attempt.xid);
      if (isCommitted === undefined) throw new StillUnderWay();
      if (isCommitted) return await this.#done(attempt);
      attempt.xid = undefined;
    }
    const writer = await this.#registered();
    if (attempt.kind === 'flush') {
      await this.#options.book.resolve(this.#postgres, seriesOf(attempt));
    }
    await this.#postgres.transaction(async (transaction) => {
      const xid = await touchWriter(transaction, writer.id);
      if (xid === undefined) throw this.#buried();
      if (attempt.kind === 'flush') await flush(transaction, attempt, writer);
      else attempt.rolledUp = await rollUp(transaction, writer.id, this.#minutes, { ...writer, ...attempt });
      // From here on COMMIT may have been heard although its answer was not.
      attempt.xid = xid;
    }, transactionOptions);
    await this.#done(attempt);
  }

  async #registered(): Promise<OpenWriter> {
    if (this.#writer === undefined) {
      const { clock, graceMs, name } = this.#options;
      const rolledUntilMs = floorTo(minuteMs, clock.now() - graceMs);
      this.#writer = { id: await registerWriter(this.#postgres, name, rolledUntilMs), rolledUntilMs };
    }
    return this.#writer;
  }

  /** Whoever did that has rolled up all that we had committed; what we have not is written by a new writer. */
  #buried(): TakenForDead {
    this.#writer = undefined;
    this.#minutes = new OpenMinutes();
    return new TakenForDead();
  }

  /** What was attempted is committed. */
  async #done(attempt: Attempt): Promise<void> {
    const writer = this.#writer as OpenWriter;
    if (attempt.kind === 'roll up') {
      this.#minutes.forgetBefore(attempt.untilMs);
      this.#rolledUp += attempt.rolledUp ?? 0;
      writer.rolledUntilMs = attempt.untilMs;
      if (attempt.untilMs === Number.POSITIVE_INFINITY) this.#writer = undefined;
      return;
    }
    for (const { block } of attempt.blocks)
      this.#late += block.count - (await this.#minutes.add(block, writer.rolledUntilMs));
  }
}

interface SessionOptions {
  readonly clock: Clock;
  readonly name: string;
  readonly book: SeriesBook;
  /** How long after its end a minute is rolled up. */
  readonly graceMs: number;
}

interface OpenWriter {
  readonly id: number;
  rolledUntilMs: number;
}

/** Of all blocks together: a fleet that is met for the first time has thousands that are new, a few in each. */
function* seriesOf({ blocks }: Flush): Generator<KnownSeries> {
  for (const { block } of blocks) yield* block.series;
}

async function flush(
  transaction: Queryable,
  { blocks }: Flush,
  { id, rolledUntilMs }: Readonly<OpenWriter>,
): Promise<void> {
  const late = new RollupTable();
  const window = { fromMs: Number.NEGATIVE_INFINITY, toMs: rolledUntilMs };
  for (const { block } of blocks) addToMinutes(late, block, window);
  await insertSamples(
    transaction,
    id,
    blocks.map(({ block }) => block),
  );
  if (!late.isEmpty) await mergeLate(transaction, id, late, rolledUntilMs);
}

/**
 * Whether the same may succeed later. It will not where the values themselves are refused: SQLSTATE classes 22 (data),
 * 23 (a rule of the schema) and 54 (too large), where what is kept is no histogram, and where we have made a mistake. A full
 * disk, a server that only reads and a partition that is missing can be mended; that one is of class 23 and names no rule.
 */
export function isPassing(error: unknown): boolean {
  if (!isLoadlineError(error) || error.code === 'METRICS_WIRE_INVALID') return false;
  const { sqlState, constraint } = error.facts;
  if (sqlState === '23514' && constraint === undefined) return true;
  return !['22', '23', '54'].includes(String(sqlState ?? '').slice(0, 2));
}

const transactionOptions = { statementTimeoutMs: 15_000 };
