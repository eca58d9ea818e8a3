import type { Queryable } from 'loadline/postgres';
import { describe, expect, it } from 'vitest';
import { FollowedRows } from '../../src/store/followed-rows.ts';
import { Rollup } from '../../src/store/rollup.ts';

/** What the database answers, and what it was asked for: from which transaction on, and of which besides. */
class Answers implements Queryable {
  readonly asked: unknown[] = [];
  snapshot = '100:100:';
  server = 'of today';
  starts: readonly number[] = [];
  error: Error | undefined;

  async query<Row extends object>(_statement: unknown, values: readonly unknown[] = []) {
    this.asked.push(values.slice(3));
    if (this.error !== undefined) throw this.error;
    const { starts, snapshot, server } = this;
    const packed = starts.length === 0 ? null : Buffer.concat(starts.map(rowAt)).toString('base64');
    return { rows: [{ count: starts.length, packed, snapshot, server } as unknown as Row], rowCount: 1 };
  }
}

function rowAt(startMs: number): Buffer {
  const row = Buffer.alloc(64);
  row.writeInt32BE(1);
  row.writeDoubleBE(startMs, 4);
  return row;
}

const fresh = [null, null];

function follow(rowsMax = 10) {
  const answers = new Answers();
  const followed = new FollowedRows();
  const read = (fromMs: number, toMs: number): Promise<readonly number[] | undefined> =>
    followed.inTurn(async () => {
      const window = { ids: [1], fromMs, toMs, rowsMax, figuresOf: () => new Rollup() };
      const rows = await followed.read(answers, window);
      return rows && [...rows].map(({ startMs }) => startMs);
    });
  return { answers, read };
}

describe('rows that are followed', () => {
  it('are asked for from the transactions on that had not ended, and kept while they are in the window', async () => {
    const { answers, read } = follow();
    Object.assign(answers, { starts: [5, 15], snapshot: '104:106:104,105' });
    expect(await read(0, 10)).toEqual([5]);
    Object.assign(answers, {
      starts: [7],
      snapshot: `${2n ** 32n + 3n}:${2n ** 32n + 9n}:${2n ** 32n + 3n}`,
    });
    expect(await read(6, 16)).toEqual([15, 7]);
    answers.starts = [];
    expect(await read(15, 20)).toEqual([15]);
    expect(answers.asked).toEqual([fresh, ['106', '{104,105}'], ['9', '{3}']]);
  });

  it.each([
    ['a server that took over', { server: 'another' }],
    ['a state that was there before', { snapshot: '90:90:' }],
  ])('are read anew from %s', async (_, change) => {
    const { answers, read } = follow();
    answers.starts = [5];
    await read(0, 10);
    Object.assign(answers, change, { starts: [6] });
    expect(await read(0, 10)).toEqual([6]);
    expect(answers.asked).toEqual([fresh, ['100', '{}'], fresh]);
  });

  it('are read anew where the window begins earlier, and where it could not be read before', async () => {
    const { answers, read } = follow();
    await read(5, 10);
    await read(4, 10);
    answers.error = new Error('away');
    await expect(read(5, 10)).rejects.toThrow('away');
    answers.error = undefined;
    await read(6, 10);
    expect(answers.asked).toEqual([fresh, fresh, ['100', '{}'], fresh]);
  });

  it('are given up where they are too many, in the window or in memory', async () => {
    const { answers, read } = follow(2);
    answers.starts = [1, 2];
    expect(await read(0, 10)).toEqual([1, 2]);
    answers.starts = [3];
    expect(await read(0, 10)).toBeUndefined();
    for (const starts of [[11, 12], [13], [1]]) {
      answers.starts = starts;
      expect(await read(0, 10)).toEqual(starts[0] === 1 ? [1] : []);
    }
    answers.starts = [14];
    expect(await read(0, 10)).toBeUndefined();
    answers.starts = [1, 2, 3];
    expect(await read(0, 10)).toBeUndefined();
    expect(answers.asked.filter((asked) => asked === fresh || (asked as unknown[])[0] === null)).toHaveLength(
      3,
    );
  });
});
