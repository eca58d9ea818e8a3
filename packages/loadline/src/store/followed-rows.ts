import type { Queryable } from '../postgres/index.ts';
import { fillFigures, newRowsStatement, type PackedRows, type ReadRow, rowsOf } from './packed-rows.ts';
import type { RollupFigures } from './rollup.ts';
import { literal } from './rollup-rows.ts';

/** What is asked of the rows of some series. */
export interface FollowedWindow {
  readonly ids: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  /** More of the window are not read, and no more than twice as many kept. */
  readonly rowsMax: number;
  readonly figuresOf: (row: ReadRow) => RollupFigures;
}

/**
 * The raw rows of a window that moves on. What was read stays here, as bytes, and only what was committed since is read. That is
 * found by the transactions that had not ended when it was read before, so that nothing is left out that comes late, and
 * nothing is there twice: together it is what a reader would find who reads everything anew.
 *
 *     read before: │ 102 │ 103 │  …  │ 105 │       under way: 104      from: 106
 *     read now:                │ 104 │     │ 106 │ 107 │
 */
export class FollowedRows {
  #batches: readonly Batch[] = [];
  #state: State | undefined;
  #fromMs: number = Number.NEGATIVE_INFINITY;
  #last: Promise<unknown> = Promise.resolve();

  /** One after the other: what is read is what came since the one before. Whatever fails is forgotten, and read anew. */
  inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(async () => {
      try {
        return await work();
      } catch (error) {
        this.#forget();
        throw error;
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Undefined where they are too many. In a transaction that sees one state of the database all the time. */
  async read(transaction: Queryable, window: FollowedWindow): Promise<Iterable<ReadRow> | undefined> {
    const { fromMs, toMs, rowsMax } = window;
    // What is gone by now would be missing in a window that begins earlier, as after a clock was set back.
    if (fromMs < this.#fromMs) this.#forget();
    this.#fromMs = fromMs;
    const isWhole = await this.#readNew(transaction, window);
    if (!isWhole) return undefined;
    this.#batches = this.#batches.filter(({ lastMs }) => lastMs >= fromMs);
    const kept = this.#batches.reduce((sum, { starts }) => sum + starts.length, 0);
    if (kept <= 2 * rowsMax && countWithin(this.#batches, fromMs, toMs) <= rowsMax)
      return rowsWithin(this.#batches, fromMs, toMs);
    this.#forget();
    return undefined;
  }

  async #readNew(transaction: Queryable, window: FollowedWindow): Promise<boolean> {
    const { ids, fromMs, rowsMax, figuresOf } = window;
    const before = this.#state;
    const { rows } = await transaction.query<NewRows>(newRowsStatement, [
      literal(ids),
      // A clock that is ahead has written what will be in the window, and is not read again when it is.
      fromMs,
      rowsMax + 1,
      before === undefined ? null : shortOf(before.nextXid),
      before === undefined ? null : `{${before.underWay.map(shortOf).join()}}`,
    ]);
    const { count, packed, snapshot, server } = rows[0] as NewRows;
    const state = stateOf(snapshot, server);
    // A server that took over, or came from a backup, gives the same numbers to other transactions.
    const isSame = before === undefined || (before.server === server && before.nextXid <= state.nextXid);
    if (!isSame) {
      this.#forget();
      return this.#readNew(transaction, window);
    }
    this.#state = state;
    if (count > rowsMax) this.#forget();
    else if (packed !== null) this.#batches = [...this.#batches, batchOf(packed, figuresOf)];
    return count <= rowsMax;
  }

  #forget(): void {
    this.#batches = [];
    this.#state = undefined;
    this.#fromMs = Number.NEGATIVE_INFINITY;
  }
}

/** What came of one reading. */
interface Batch {
  readonly packed: Buffer;
  /** When each row begins, in their order. */
  readonly starts: Float64Array;
  readonly lastMs: number;
}

/** Up to where the database was read. */
interface State {
  readonly server: string;
  /** All transactions from here on were not seen. */
  readonly nextXid: bigint;
  /** Of those before, the ones that were not seen either. */
  readonly underWay: readonly bigint[];
}

interface NewRows extends PackedRows {
  readonly snapshot: string;
  readonly server: string;
}

/** `10:20:10,14,15`: the first that is under way, the first that has not begun, and all that are under way. */
function stateOf(snapshot: string, server: string): State {
  const [, next = '0', underWay = ''] = snapshot.split(':');
  return { server, nextXid: BigInt(next), underWay: underWay.split(',').filter(Boolean).map(BigInt) };
}

/** A row has the lower half of the number of its transaction. */
function shortOf(xid: bigint): string {
  return String(xid & 0xffffffffn);
}

function batchOf(base64: string, figuresOf: FollowedWindow['figuresOf']): Batch {
  const packed = Buffer.from(base64, 'base64');
  fillFigures(packed, figuresOf);
  const starts = Float64Array.from(rowsOf(packed), ({ startMs }) => startMs);
  return { packed, starts, lastMs: starts.reduce((last, startMs) => Math.max(last, startMs)) };
}

function countWithin(batches: readonly Batch[], fromMs: number, toMs: number): number {
  let count = 0;
  for (const { starts } of batches)
    for (const startMs of starts) if (startMs >= fromMs && startMs < toMs) count++;
  return count;
}

function* rowsWithin(batches: readonly Batch[], fromMs: number, toMs: number): Generator<ReadRow> {
  for (const { packed } of batches)
    for (const row of rowsOf(packed)) if (row.startMs >= fromMs && row.startMs < toMs) yield row;
}
