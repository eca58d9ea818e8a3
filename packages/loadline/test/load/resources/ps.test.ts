import { describe, expect, it } from 'vitest';
import { parsePs } from '../../../src/load/resources/ps.ts';

describe('parsePs()', () => {
  it('reads minutes, hours and days of CPU time', () => {
    const processes = parsePs(
      '    1     0   1024 0:01.50\n   22     1   2048 1:02:03\n  333    22    512 2-00:00:01\n',
    );
    expect([...processes.values()].map((each) => each.cpuMs)).toEqual([1500, 3_723_000, 172_801_000]);
    expect(processes.get(22)).toMatchObject({ parent: 1, ownBytes: 2048 * 1024 });
  });

  it('passes over lines that are no process', () => {
    expect(parsePs('PID PPID RSS TIME\n\nnonsense').size).toBe(0);
  });
});
