import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createHeapSnapshots, snapshotWish } from 'loadline/profiling';
import { describe, expect, it } from 'vitest';

const plenty = { heapUsedBytes: 20e6, availableBytes: 1e9 };

describe('a heap snapshot', () => {
  it('is streamed, one at a time', async () => {
    const taken: PassThrough[] = [];
    const take = (): PassThrough => {
      const stream = new PassThrough();
      taken.push(stream);
      return stream;
    };
    const snapshots = createHeapSnapshots(() => plenty, take);
    const first = snapshots.open(snapshotWish);
    expect(() => snapshots.open(snapshotWish)).toThrow(expect.objectContaining({ code: 'PROFILING_BUSY' }));
    taken[0]?.end();
    await finished(first.resume());
    expect(snapshots.open(snapshotWish)).toBe(taken[1]);
  });

  it.each([
    ['without the words', 'yes please', plenty, 'wished for in the words'],
    [
      'of a heap that takes too long',
      snapshotWish,
      { heapUsedBytes: 200e6, availableBytes: 1e12 },
      'sampled heap profile',
    ],
    [
      'without the memory',
      snapshotWish,
      { heapUsedBytes: 50e6, availableBytes: 0.9e9 },
      'may need 1 GB more, and 900 MB are free',
    ],
  ])('is refused %s, with the reason', (_, wish, memory, found) => {
    const take = (): never => {
      throw new Error('it was taken');
    };
    expect(() => createHeapSnapshots(() => memory, take).open(wish)).toThrow(
      expect.objectContaining({
        code: 'PROFILING_SNAPSHOT_REFUSED',
        message: expect.stringContaining(found),
      }),
    );
  });
});
