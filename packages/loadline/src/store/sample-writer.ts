import { type Clock, pause, type Timer } from '../base/index.ts';
import type { Postgres } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { floorTo, minuteMs } from './rollup.ts';
import type { Sample, WriteReceipt } from './sample.ts';
import { readBlock, type SampleBlock } from './sample-block.ts';
import { SeriesBook } from './series-book.ts';
import { type WaitingBlock, WaitingBlocks } from './waiting-blocks.ts';
import { type Attempt, isPassing, StillUnderWay, TakenForDead, WriterSession } from './writer-session.ts';

export interface WriterOptions {
  readonly clock: Clock;
  readonly name: string;
  readonly waitingSamplesMax: number;
  readonly waitingBytesMax: number;
  readonly patienceMs: number;
  readonly latenessMaxMs: number;
}

export interface WriterCounts {
  readonly committed: number;
  readonly refused: number;
  readonly dropped: number;
  readonly late: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly retries: number;
  readonly isAway: boolean;
  readonly rolledUp: number;
}

/**
 * Writes samples: whatever waits goes into one transaction, the next one begins when that has ended. When a minute is
 * over, its rollups are written as well. One thing at a time, so that a rollup holds what was committed, exactly.
 *
 *     write ─▸ waiting blocks ─▸ flush: rows, and late minutes again ─▸ minutes in memory ─▸ roll up: minutes, hours
 *
 * While the database takes nothing, it is tried again after a pause that grows to five seconds.
 */
export class SampleWriter {
  readonly #options: WriterOptions;
  readonly #book = new SeriesBook(seriesMax);
  readonly #waiting: WaitingBlocks;
  readonly #session: WriterSession;
  #attempt: Attempt | undefined;
  #isPumping = false;
  #pumped: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #pauseMs = 0;
  #isClosed = false;
  #hasGivenUp = false;
  #rollNotBeforeMs: number = Number.NEGATIVE_INFINITY;
  #afterPause: (() => void) | undefined;
  #committed = 0;
  #refused = 0;
  #lost = 0;
  #retries = 0;

  constructor(postgres: Postgres, options: WriterOptions) {
    this.#options = options;
    this.#session = new WriterSession(postgres, { ...options, book: this.#book, graceMs });
    this.#waiting = new WaitingBlocks({
      samplesMax: options.waitingSamplesMax,
      bytesMax: options.waitingBytesMax,
    });
  }

  async write(samples: readonly Sample[]): Promise<WriteReceipt> {
    if (this.#isClosed) throw storeError('STORE_CLOSED', 'Cannot write samples: the store was closed.');
    if (samples.length > batchMax) {
      const facts = { samples: samples.length, samplesMax: batchMax };
      const message = `Cannot write ${samples.length} samples at once: ${batchMax} are the most.`;
      throw storeError('STORE_BATCH_TOO_LARGE', message, { facts });
    }
    const nowMs = this.#options.clock.now();
    const window = { nowMs, fromMs: nowMs - this.#options.latenessMaxMs, toMs: nowMs + futureMaxMs };
    const { block, refused, problems } = readBlock(samples, this.#book, window);
    this.#refused += refused;
    const state = block.count === 0 ? 'committed' : await this.#enqueue(block);
    return { state, accepted: block.count, refused, problems };
  }

  get counts(): WriterCounts {
    const inFlight = this.#attempt?.kind === 'flush' ? this.#attempt.blocks : [];
    const sum = (read: (block: SampleBlock) => number): number =>
      inFlight.reduce((total, { block }) => total + read(block), 0);
    return {
      committed: this.#committed,
      refused: this.#refused,
      dropped: this.#waiting.dropped + this.#lost,
      late: this.#session.late,
      waiting: this.#waiting.samples + sum(({ count }) => count),
      waitingBytes: this.#waiting.bytes + sum(({ bytes }) => bytes),
      retries: this.#retries,
      isAway: this.#pauseMs > 0,
      rolledUp: this.#session.rolledUp,
    };
  }

  /** Rolls up what is due; called about once a second. */
  tick(): void {
    if (!this.#isClosed && this.#timer === undefined) this.#kick();
  }

  /** Writes what waits and rolls up all there is, or gives up after a time. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#isClosed) return this.#pumped;
    this.#isClosed = true;
    const overdue = new AbortController();
    const waited = pause(this.#options.clock, timeoutMs, overdue.signal);
    this.#cancelPause();
    this.#kick();
    await Promise.race([this.#whenIdle(), waited]);
    overdue.abort();
    this.#hasGivenUp = true;
    this.#cancelPause();
    if (this.#attempt?.kind === 'flush') for (const each of this.#attempt.blocks) this.#giveUp(each);
    this.#attempt = undefined;
    this.#waiting.dropAll();
  }

  #enqueue(block: SampleBlock): Promise<WriteReceipt['state']> {
    return new Promise((resolve, reject) => {
      const settle = (state: WriteReceipt['state']): void => {
        patience.cancel();
        resolve(state);
      };
      const patience = this.#options.clock.setTimer(() => settle('waiting'), this.#options.patienceMs);
      const fail = (error: unknown): void => {
        patience.cancel();
        reject(error);
      };
      this.#waiting.push({ block, settle, fail });
      if (this.#pauseMs > 0) settle('waiting');
      else this.#kick();
    });
  }

  #kick(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pumped = this.#pump();
  }

  /** Until nothing is left to do, or until the database takes nothing; then a timer comes back to it. */
  async #pump(): Promise<void> {
    try {
      // Whoever writes in the same turn goes along.
      await Promise.resolve();
      while (!this.#hasGivenUp) {
        this.#attempt ??= this.#next();
        const attempt = this.#attempt;
        if (attempt === undefined) return;
        if (!(await this.#carryOut(attempt))) return;
      }
    } finally {
      // In the same turn in which nothing was left to do: what comes in the next begins anew.
      this.#isPumping = false;
    }
  }

  /** Whether there may be more to do at once. */
  async #carryOut(attempt: Attempt): Promise<boolean> {
    try {
      await this.#session.perform(attempt);
      this.#done(attempt);
      this.#attempt = undefined;
      this.#pauseMs = 0;
      return true;
    } catch (error) {
      return this.#goesOnAfter(attempt, error);
    }
  }

  /** Closing waits for pauses as well. */
  async #whenIdle(): Promise<void> {
    while (this.#isPumping || this.#timer !== undefined) {
      await this.#pumped;
      if (this.#timer !== undefined) {
        await new Promise<void>((resolve) => {
          this.#afterPause = resolve;
        });
      }
    }
  }

  #next(): Attempt | undefined {
    const untilMs = this.#dueMs();
    if (untilMs !== undefined) return { kind: 'roll up', untilMs, xid: undefined };
    const blocks = this.#waiting.take(flushMax);
    if (blocks.length > 0) return { kind: 'flush', blocks, xid: undefined };
    const isLast = this.#isClosed && this.#session.rolledUntilMs !== undefined;
    return isLast ? { kind: 'roll up', untilMs: Number.POSITIVE_INFINITY, xid: undefined } : undefined;
  }

  /** Until when minutes can be rolled up: they are over for a while, and nothing that waits belongs to them. */
  #dueMs(): number | undefined {
    const { rolledUntilMs } = this.#session;
    if (rolledUntilMs === undefined || this.#options.clock.now() < this.#rollNotBeforeMs) return undefined;
    const settledMs = Math.min(this.#options.clock.now(), this.#waiting.oldestMs) - graceMs;
    const untilMs = floorTo(minuteMs, settledMs);
    return untilMs > rolledUntilMs ? untilMs : undefined;
  }

  /** What was attempted is committed. */
  #done(attempt: Attempt): void {
    if (attempt.kind !== 'flush') return;
    for (const { block, settle } of attempt.blocks) {
      this.#committed += block.count;
      settle('committed');
    }
  }

  /** Whether there is something else to do at once. */
  #goesOnAfter(attempt: Attempt, error: unknown): boolean {
    if (this.#hasGivenUp) return false;
    if (error instanceof TakenForDead) {
      if (attempt.kind === 'roll up') this.#attempt = undefined;
      return true;
    }
    this.#retries++;
    if (error instanceof StillUnderWay || isPassing(error)) return this.#pause();
    if (attempt.kind === 'roll up') {
      // Samples go on being written; only their minutes wait.
      this.#attempt = undefined;
      this.#rollNotBeforeMs = this.#options.clock.now() + rollPauseMs;
      this.#hasGivenUp = this.#isClosed;
      return true;
    }
    const [only, ...others] = attempt.blocks;
    if (others.length > 0) return this.#part(attempt.blocks);
    // It is this batch that the database does not take, and never will: it must not keep back the others.
    this.#attempt = undefined;
    this.#lost += (only as WaitingBlock).block.count;
    (only as WaitingBlock).fail(error);
    return true;
  }

  /** One of several batches is refused: each is tried by itself. */
  #part(blocks: readonly WaitingBlock[]): boolean {
    this.#attempt = { kind: 'flush', blocks: blocks.slice(0, 1), xid: undefined };
    this.#waiting.putBack(blocks.slice(1));
    return true;
  }

  #pause(): false {
    const wasAway = this.#pauseMs > 0;
    this.#pauseMs = Math.min(pauseMaxMs, wasAway ? this.#pauseMs * 2 : pauseMinMs);
    if (this.#attempt?.kind === 'flush') for (const { settle } of this.#attempt.blocks) settle('waiting');
    if (!wasAway) this.#waiting.settle();
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      this.#afterPause?.();
      this.#kick();
    }, this.#pauseMs);
    return false;
  }

  #cancelPause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #giveUp({ block, settle }: WaitingBlock): void {
    this.#lost += block.count;
    settle('dropped');
  }
}

/** Of all that were written in the last ten minutes; some hundred bytes each. */
const seriesMax = 200_000;
const batchMax = 50_000;
/** Samples of one transaction, but for a single larger batch. */
const flushMax = 50_000;
/** Clocks differ. */
const futureMaxMs = 5 * minuteMs;
/** How long after its end a minute is rolled up: what comes later makes it be rolled up again. */
const graceMs = 10_000;
const rollPauseMs = 30_000;
const pauseMinMs = 100;
const pauseMaxMs = 5000;
