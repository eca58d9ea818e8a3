import { type DatabaseSeen, reviewDatabase } from 'loadline/database';
import { describe, expect, it } from 'vitest';
import { query, slow, statistics, use } from './readings.ts';

function look(further: Partial<DatabaseSeen> = {}): ReturnType<typeof reviewDatabase> {
  return reviewDatabase({
    component: 'database orders',
    slow: slow([query({ shareOfTime: 0.1 })]),
    statistics: statistics(),
    use: use(),
    ...further,
  });
}

function kindsOf(further: Partial<DatabaseSeen>): string[] {
  return look(further).findings.map(({ kind, severity }) => `${kind}: ${severity}`);
}

const connections = statistics().connections;

describe('reviewDatabase()', () => {
  it('finds nothing in a healthy database', () => {
    expect(look()).toMatchObject({ findings: [], unseen: [] });
  });

  it.each<[string, Partial<DatabaseSeen>, string]>([
    ['a statement that takes most of the time', { slow: slow([query()]) }, 'slow statement: critical'],
    [
      'a statement that takes a good part of the time',
      { slow: slow([query({ shareOfTime: 0.3 })]) },
      'slow statement: warning',
    ],
    [
      'connections that run out',
      { statistics: statistics({ connections: { ...connections, total: 95 } }) },
      'connections near limit: critical',
    ],
    ['a memory that is too small', { use: use({ hitRatio: 0.7 }) }, 'low buffer hit ratio: warning'],
    [
      'a transaction left open',
      { statistics: statistics({ longestTransactionMs: 120_000 }) },
      'long transaction: warning',
    ],
    ['deadlocks', { use: use({ deadlocks: 3 }) }, 'deadlocks: warning'],
    [
      'a replica that lags',
      {
        statistics: statistics({
          replicas: [
            { name: 'r1', state: 'streaming', isSynchronous: false, lagBytes: 1e9, lagMs: undefined },
          ],
        }),
      },
      'replica lags: warning',
    ],
  ])('finds %s', (_, seen, expected) => {
    expect(kindsOf(seen)).toEqual([expected]);
  });

  it.each<[string, Partial<DatabaseSeen>]>([
    ['a statement that is quick and merely frequent', { slow: slow([query({ meanMs: 1 })]) }],
    ['a statement that was called a few times', { slow: slow([query({ calls: 5 })]) }],
    [
      'the only statement of a server that has little to do',
      { slow: slow([query({ totalMs: 20_000, shareOfTime: 1 })]) },
    ],
    ['a low hit ratio of a few pages', { use: use({ hitRatio: 0.1, blocks: 100 }) }],
  ])('makes nothing of %s', (_, seen) => {
    expect(kindsOf(seen)).toEqual([]);
  });

  it('tells a statement that reads too much from one that is slow for another reason', () => {
    const isSequential = (blocksPerCall: number): number | undefined =>
      look({ slow: slow([query({ blocksPerCall, rowsPerCall: 6 })]) }).findings[0]?.evidence.find(
        ({ name }) => name === 'isSequential',
      )?.value;
    expect(isSequential(5000)).toBe(1);
    expect(isSequential(20)).toBe(0);
  });

  it('gives each number its count, window and source', () => {
    const [share] = look({ slow: slow([query()]) }).findings[0]?.evidence ?? [];
    expect(share).toMatchObject({
      name: 'shareOfTime',
      value: 0.8,
      unit: 'ratio',
      count: 2000,
      window: { toMs: expect.any(Number) },
      source: 'pg_stat_statements 10.1',
    });
  });

  it('says what it could not see, and how to see it', () => {
    const missing = { kind: 'missing', because: 'it is not there', remedy: 'create it' } as const;
    expect(look({ slow: missing, use: undefined }).unseen).toEqual([
      'slow statements: it is not there; create it',
      expect.stringContaining('only one reading'),
    ]);
  });
});
