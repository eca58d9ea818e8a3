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

  const nothing: readonly string[] = [];
  const opened = (total: number, reserved = 3): Partial<DatabaseSeen> => ({
    statistics: statistics({ connections: { ...connections, total, max: 103, reserved } }),
  });
  const lagging = (lagBytes: number | undefined): Partial<DatabaseSeen> => ({
    statistics: statistics({
      replicas: [{ name: 'r1', state: 'streaming', isSynchronous: false, lagBytes, lagMs: undefined }],
    }),
  });
  const loading = (load: number): Partial<DatabaseSeen> => ({
    slow: slow([query({ totalMs: load * 600_000 })]),
  });

  // docs/reference/advice.md names these limits.
  it.each<[string, Partial<DatabaseSeen>, readonly string[]]>([
    ['19.9 % of the time', { slow: slow([query({ shareOfTime: 0.199 })]) }, nothing],
    ['20 % of the time', { slow: slow([query({ shareOfTime: 0.2 })]) }, ['slow statement: warning']],
    ['49.9 % of the time', { slow: slow([query({ shareOfTime: 0.499 })]) }, ['slow statement: warning']],
    ['50 % of the time', { slow: slow([query({ shareOfTime: 0.5 })]) }, ['slow statement: critical']],
    ['19 calls', { slow: slow([query({ calls: 19 })]) }, nothing],
    ['20 calls', { slow: slow([query({ calls: 20 })]) }, ['slow statement: critical']],
    ['4.9 ms a call', { slow: slow([query({ meanMs: 4.9 })]) }, nothing],
    ['5 ms a call', { slow: slow([query({ meanMs: 5 })]) }, ['slow statement: critical']],
    ['0.049 running at once', loading(0.049), nothing],
    ['0.05 running at once', loading(0.05), ['slow statement: critical']],
    ['79 of 100 connections', opened(79), nothing],
    ['80 of 100 connections', opened(80), ['connections near limit: warning']],
    ['80 of 101 connections', opened(80, 2), nothing],
    ['94 of 100 connections', opened(94), ['connections near limit: warning']],
    ['95 of 100 connections', opened(95), ['connections near limit: critical']],
    ['90 % hits', { use: use({ hitRatio: 0.9 }) }, nothing],
    ['89.9 % hits', { use: use({ hitRatio: 0.899 }) }, ['low buffer hit ratio: warning']],
    ['9,999 pages', { use: use({ hitRatio: 0.1, blocks: 9999 }) }, nothing],
    ['10,000 pages', { use: use({ hitRatio: 0.1, blocks: 10_000 }) }, ['low buffer hit ratio: warning']],
    ['59 s of a transaction', { statistics: statistics({ longestTransactionMs: 59_999 }) }, nothing],
    ['60 s', { statistics: statistics({ longestTransactionMs: 60_000 }) }, ['long transaction: warning']],
    ['64 MiB less a byte of lag', lagging(2 ** 26 - 1), nothing],
    ['64 MiB of lag', lagging(2 ** 26), ['replica lags: warning']],
    ['a lag that may not be seen', lagging(undefined), nothing],
  ])('draws the line at %s', (_, seen, expected) => {
    expect(kindsOf(seen)).toEqual(expected);
  });

  it('says for people what it found', () => {
    const summaries = (seen: Partial<DatabaseSeen>) => look(seen).findings.map(({ summary }) => summary);
    expect(summaries({ slow: slow([query({ shareOfTime: 1 / 3 })]) })).toEqual([
      'One statement takes 33.3 % of the time of all: SELECT * FROM posts WHERE owner = $1',
    ]);
    // The limit is one of all databases, what they do is known of this one.
    expect(summaries(opened(95))).toEqual(['95 of 100 connections are open; in this database 15 are idle.']);
  });

  it('finds a statement that gives no row and reads much', () => {
    const found = (blocksPerCall: number) =>
      look({ slow: slow([query({ blocksPerCall, rowsPerCall: 0 })]) }).findings[0]?.evidence;
    expect(found(50)).toContainEqual(expect.objectContaining({ name: 'isSequential', value: 1 }));
    expect(found(49)).toContainEqual(expect.objectContaining({ name: 'isSequential', value: 0 }));
  });

  it('passes on what the statements leave out', () => {
    expect(look({ slow: slow([], { remarks: ['some are hidden'] }) }).unseen).toEqual(['some are hidden']);
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
