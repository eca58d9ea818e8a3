import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createVirtualClock } from 'loadline/base';
import { afterAll, describe, expect, it } from 'vitest';
import { openProfileFiles, type ProfileFiles } from '../../src/profiling/profile-files.ts';
import type { SessionRecord } from '../../src/profiling/session-record.ts';
import { SnapshotShelf } from '../../src/profiling/snapshot-shelf.ts';

const folder = mkdtempSync(join(tmpdir(), 'loadline-shelf-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A shelf with one snapshot on it. */
async function shelve(id: string, more: Partial<ProfileFiles> = {}) {
  const clock = createVirtualClock();
  const files = { ...openProfileFiles(folder), ...more };
  await files.writeSnapshot(id, Readable.from(['{"nodes":[]}']), new AbortController().signal);
  let record: SessionRecord = {
    id,
    instance: 'a',
    kind: 'heap-snapshot',
    state: 'finished',
    startedAt: new Date(0).toISOString(),
    endedAt: new Date(0).toISOString(),
    startedBy: 'ada',
  };
  const put = Promise.withResolvers<SessionRecord>();
  const book = {
    get: () => record,
    async put(changed: SessionRecord) {
      record = changed;
      put.resolve(changed);
    },
  };
  const shelf = new SnapshotShelf({ clock, book, files });
  shelf.keep(record);
  return { clock, shelf, changed: put.promise, record: () => record, path: files.pathOf(id, 'heapsnapshot') };
}

describe('a heap snapshot on the shelf', () => {
  it('is there again where its reader went away before its end', async () => {
    const { shelf, record, path, changed } = await shelve('again');
    const first = shelf.take(record(), 'ada');
    await once(first, 'open');
    expect(() => shelf.take(record(), 'bob')).toThrow('being fetched');
    first.destroy();
    await once(first, 'close');
    expect(existsSync(path)).toBe(true);
    expect(record().goneAt).toBeUndefined();
    expect(await text(shelf.take(record(), 'bob'))).toBe('{"nodes":[]}');
    expect(await changed).toMatchObject({ goneAt: expect.any(String), fetchedBy: 'bob' });
    expect(existsSync(path)).toBe(false);
    expect(() => shelf.take(record(), 'ada')).toThrow('given out once');
    shelf.close();
  });

  it('that cannot be removed is tried again, and counted', async () => {
    let attempts = 0;
    const { remove } = openProfileFiles(folder);
    const { clock, shelf, changed, path } = await shelve('stubborn', {
      async remove(id) {
        attempts++;
        if (attempts < 3) throw new Error('EBUSY');
        await remove(id);
      },
    });
    await clock.advance(3_600_000 + 3 * 60_000);
    expect(await changed).toMatchObject({ goneAt: expect.any(String) });
    expect([attempts, shelf.failures, existsSync(path)]).toEqual([3, 2, false]);
    expect(clock.pending).toBe(0);
  });
});
