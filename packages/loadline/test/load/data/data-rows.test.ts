import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createDataRows, type RowShare, type RowSource } from '../../../src/load/data/data-rows.ts';
import { tableOf } from '../../../src/load/data/data-table.ts';

function people(pick: RowSource['pick'], count = 3): RowSource {
  const rows = Array.from({ length: count }, (_, index) => [`name ${index}`, `token ${index}`]);
  return { name: 'person', pick, table: tableOf(['name', 'token'], rows) };
}

const random = createRandom(1);

/** The rows that a user gets in so many iterations. */
function names(
  rows: ReturnType<typeof createDataRows>,
  user: number,
  iterations: number,
): (string | undefined)[] {
  const name = rows.resolve('person', 'name');
  return Array.from({ length: iterations }, () => {
    rows.beginIteration(user, random);
    return name(user);
  });
}

/** The numbers of the rows that a generator gives out. */
function numbers(source: RowSource, share: RowShare, iterations: number): number[] {
  return names(createDataRows([source], share), 0, iterations).map((name) => Number(name?.slice(5)));
}

describe('data rows', () => {
  it('picked each stay with their user', () => {
    const rows = createDataRows([people('each')]);
    expect(names(rows, 2, 3)).toEqual(['name 2', 'name 2', 'name 2']);
    expect(names(rows, 0, 1)).toEqual(['name 0']);
    expect(names(rows, 3, 1)).toEqual([undefined]);
    expect(rows.isExhausted).toBe(false);
  });

  it('picked sequential go round, over all users', () => {
    const rows = createDataRows([people('sequential')]);
    expect([names(rows, 7, 2), names(rows, 8, 2)].flat()).toEqual(['name 0', 'name 1', 'name 2', 'name 0']);
    expect(rows.isExhausted).toBe(false);
  });

  it('picked once come once, and then there are none left', () => {
    const rows = createDataRows([people('once')]);
    expect([names(rows, 0, 1), names(rows, 1, 1)].flat()).toEqual(['name 0', 'name 1']);
    expect(rows.isExhausted).toBe(false);
    expect(names(rows, 0, 1)).toEqual(['name 2']);
    expect(rows.isExhausted).toBe(true);
    expect(rows.resolve('person', 'name')(1)).toBe('name 1');
    expect(names(rows, 0, 1)).toEqual([undefined]);
  });

  it('picked at random come all about as often', () => {
    const rows = createDataRows([people('random', 10)]);
    const counts = new Map<string | undefined, number>();
    for (const name of names(rows, 0, 10_000)) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(counts.size).toBe(10);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('give all columns of one row', () => {
    const rows = createDataRows([people('random', 50)]);
    rows.beginIteration(4, random);
    const name = rows.resolve('person', 'name')(4) as string;
    expect(rows.resolve('person', 'token')(4)).toBe(name.replace('name', 'token'));
  });

  it('are kept for each user, however many come', () => {
    const rows = createDataRows([people('sequential', 5000)]);
    for (let user = 0; user < 5000; user++) rows.beginIteration(user, random);
    const name = rows.resolve('person', 'name');
    expect([0, 63, 64, 4999].map(name)).toEqual(['name 0', 'name 63', 'name 64', 'name 4999']);
  });

  it('have no value for what is not there', () => {
    const rows = createDataRows([people('sequential')]);
    expect(rows.resolve('person', 'name')(0)).toBeUndefined();
    rows.beginIteration(0, random);
    expect([rows.resolve('person', 'age')(0), rows.resolve('animal', 'name')(0)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(createDataRows([]).isExhausted).toBe(false);
  });
});

describe('rows that are shared by several generators', () => {
  const shares = [0, 1, 2].map((index): RowShare => ({ index, count: 3 }));

  it('picked once are given by just one of them', () => {
    const given = shares.map((share) => numbers(people('once', 8), share, 2));
    expect(given).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    const last = createDataRows([people('once', 8)], { index: 2, count: 3 });
    names(last, 0, 2);
    expect(last.isExhausted).toBe(true);
  });

  it('picked sequential are together what one would have given', () => {
    const given = shares.map((share) => numbers(people('sequential', 5), share, 4));
    const together = Array.from({ length: 12 }, (_, at) => given[at % 3]?.[Math.floor(at / 3)]);
    expect(together).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
  });

  it('leave a generator without any where there are fewer rows than generators', () => {
    expect(createDataRows([people('once', 2)], { index: 2, count: 3 }).isExhausted).toBe(true);
    expect(numbers(people('sequential', 2), { index: 2, count: 3 }, 1)).toEqual([0]);
  });
});
