import { describe, expect, it } from 'vitest';
import { parseProcEntry } from '../../../src/load/resources/proc.ts';

describe('parseProcEntry()', () => {
  it('reads parent, CPU time, memory, threads and start, also behind a command that looks like fields', () => {
    const stat = '4242 (a) b (c)) S 17 1 1 0 -1 4194560 100 0 0 0 250 150 30 10 20 0 7 0 12345 1000000 5000';
    const status =
      'Name:\ta\nVmRSS:\t    9000 kB\nRssAnon:\t    5000 kB\nRssFile:\t    3000 kB\nRssShmem:\t    1000 kB\n';
    expect(parseProcEntry(stat, status)).toEqual({
      parent: 17,
      cpuMs: 4000,
      reapedCpuMs: 400,
      ownBytes: 5000 * 1024,
      sharedBytes: 4000 * 1024,
      threads: 7,
      startedAt: 12345,
      hasEnded: false,
    });
  });
});
