import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import {
  createFileDocuments,
  createIds,
  createMemoryDocuments,
  createMemoryJournal,
  type Documents,
  type Journal,
  openFileJournal,
} from '../../src/memory/index.ts';

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-memory-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe.each([
  ['in memory', (): Documents => createMemoryDocuments()],
  ['in files', (folder: string): Documents => createFileDocuments(folder)],
])('documents %s', (_name, open) => {
  it('keep the last body of each id, by kind, until it is removed', () =>
    withFolder(async (folder) => {
      const documents = open(folder);
      expect(await documents.list('key')).toEqual([]);
      await documents.put('key', 'a', { n: 1 });
      await documents.put('key', 'b', { n: 2 });
      await documents.put('test', 'a', { n: 3 });
      await Promise.all([documents.put('key', 'a', { n: 4 }), documents.put('key', 'a', { n: 5 })]);
      const bodies = new Map((await documents.list('key')).map(({ id, body }) => [id, body]));
      expect(bodies).toEqual(
        new Map([
          ['a', { n: 5 }],
          ['b', { n: 2 }],
        ]),
      );
      await documents.remove('key', 'a');
      await documents.remove('key', 'nobody');
      expect((await documents.list('key')).map(({ id }) => id)).toEqual(['b']);
    }));
});

describe('documents in files', () => {
  it('take no id that would be a path', () =>
    withFolder(async (folder) => {
      const documents = createFileDocuments(folder);
      await expect(async () => documents.put('key', '../x', {})).rejects.toThrow('not an id');
    }));
});

interface Entry {
  readonly id: string;
  readonly color?: string;
}

describe.each([
  ['in memory', async (): Promise<Journal<Entry>> => createMemoryJournal<Entry>(100)],
  [
    'in a file',
    (folder: string): Promise<Journal<Entry>> => openFileJournal<Entry>(join(folder, 'log.jsonl')),
  ],
])('a journal %s', (_name, open) => {
  it('lists the newest first, from a place on, and what fits', () =>
    withFolder(async (folder) => {
      const journal = await open(folder);
      await Promise.all(
        ['1', '2', '3', '4'].map((id) => journal.append({ id, color: id === '3' ? 'red' : 'blue' })),
      );
      const ids = async (page: Partial<Parameters<Journal<Entry>['list']>[0]>) =>
        (await journal.list({ limit: 10, ...page })).items.map(({ id }) => id);
      expect(await ids({})).toEqual(['4', '3', '2', '1']);
      expect(await ids({ cursor: '3', limit: 1 })).toEqual(['2']);
      expect(await ids({ where: { color: 'blue' } })).toEqual(['4', '2', '1']);
    }));
});

describe('a journal in a file', () => {
  it('goes on after a restart, without the line that was being written when the machine stopped', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'log.jsonl');
      await (await openFileJournal<Entry>(path)).append({ id: '1' });
      await appendFile(path, '{"id":"2');
      const journal = await openFileJournal<Entry>(path);
      await journal.append({ id: '3' });
      const reopened = await openFileJournal<Entry>(path);
      const found = await reopened.list({ limit: 10 });
      expect(found.items.map(({ id }) => id)).toEqual(['3', '1']);
      expect(await readFile(path, 'utf8')).toMatch(/"3"\}\n$/);
    }));
});

describe('ids', () => {
  it('sort by the time at which they were given, within a millisecond and after a step back too', async () => {
    const clock = createVirtualClock();
    const nextId = createIds(clock);
    const ids = Array.from({ length: 10_000 }, () => nextId());
    await clock.advance(1);
    ids.push(nextId());
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
