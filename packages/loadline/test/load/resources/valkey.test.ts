import { describe, expect, it } from 'vitest';
import { readingsOfInfo } from '../../../src/load/resources/valkey.ts';

describe('readingsOfInfo()', () => {
  it('reads what the server counts, and leaves out what it does not have', () => {
    const text = [
      '# Clients\r\nconnected_clients:8\r\nblocked_clients:2\r\n',
      '# Memory\r\nused_memory:500\r\nused_memory_human:500B\r\nmaxmemory:2000\r\n',
      '# Stats\r\nkeyspace_hits:90\r\nkeyspace_misses:10\r\n',
      '# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.5\r\n',
    ].join('\r\n');
    expect(readingsOfInfo(text).map(({ name, value, per }) => [name, value, per])).toEqual([
      ['connections', 7, undefined],
      ['clients blocked', 2, undefined],
      ['memory', 500, undefined],
      ['memory of the limit', 0.25, undefined],
      ['cpu', 4, undefined],
      ['hit ratio', 90, 100],
    ]);
  });

  it('knows no share of a limit where there is none', () => {
    expect(readingsOfInfo('used_memory:500\nmaxmemory:0').map(({ name }) => name)).toEqual(['memory']);
  });

  it.each(['', ':', 'NOAUTH', 'used_memory:none'])('makes nothing of %j', (text) => {
    expect(readingsOfInfo(text)).toEqual([]);
  });
});
