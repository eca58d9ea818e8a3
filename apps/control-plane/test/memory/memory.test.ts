import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createIds, createMemoryDocuments, createMemoryJournal } from '../../src/memory/index.ts';

describe('documents in memory', () => {
  it('keep the last body of each id, by kind, until it is removed', async () => {
    const documents = createMemoryDocuments();
    expect(await documents.list('key')).toEqual([]);
    await documents.put('key', 'a', { n: 1 });
    await documents.put('key', 'b', { n: 2 });
    await documents.put('schedule', 'a', { n: 3 });
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
  });
});

describe('a journal in memory', () => {
  it('lists the newest first, from a place on, and what fits', async () => {
    const journal = createMemoryJournal<{ readonly id: string; readonly color: string }>(100);
    for (const id of ['1', '2', '3', '4']) await journal.append({ id, color: id === '3' ? 'red' : 'blue' });
    const ids = async (page: Partial<Parameters<typeof journal.list>[0]>): Promise<string[]> =>
      (await journal.list({ limit: 10, ...page })).items.map(({ id }) => id);
    expect(await ids({})).toEqual(['4', '3', '2', '1']);
    expect(await ids({ cursor: '3', limit: 1 })).toEqual(['2']);
    expect(await ids({ where: { color: 'blue' } })).toEqual(['4', '2', '1']);
  });
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
