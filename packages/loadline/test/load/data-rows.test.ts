import { createRandom } from 'loadline/base';
import type { DataSource } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { createDataRows } from '../../src/load/data-rows.ts';

function people(pick: DataSource['pick'], count = 3): DataSource {
  const rows = Array.from({ length: count }, (_, index) => [`name ${index}`, `token ${index}`]);
  return { name: 'person', file: 'people.csv', columns: ['name', 'token'], rows, pick };
}

const random = createRandom(1);

/** The rows that a user gets in so many iterations. */
function names(
  rows: ReturnType<typeof createDataRows>,
  user: number,
  iterations: number,
): (string | undefined)[] {
  return Array.from({ length: iterations }, () => {
    rows.beginIteration(user, random);
    return rows.value('person', 'name', user);
  });
}

describe('data rows', () => {
  it('picked each stay with their user', () => {
    const rows = createDataRows([people('each')]);
    expect(names(rows, 2, 3)).toEqual(['name 2', 'name 2', 'name 2']);
    expect(names(rows, 0, 1)).toEqual(['name 0']);
    expect(names(rows, 3, 1)).toEqual([undefined]);
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
    expect(rows.value('person', 'name', 1)).toBe('name 1');
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
    const name = rows.value('person', 'name', 4) as string;
    expect(rows.value('person', 'token', 4)).toBe(name.replace('name', 'token'));
  });

  it('have no value for what is not there', () => {
    const rows = createDataRows([people('sequential')]);
    expect(rows.value('person', 'name', 0)).toBeUndefined();
    rows.beginIteration(0, random);
    expect([rows.value('person', 'age', 0), rows.value('animal', 'name', 0)]).toEqual([undefined, undefined]);
    expect(createDataRows([]).isExhausted).toBe(false);
  });
});
