import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createMemoryDocuments, type Documents } from '../src/memory/index.ts';
import { createMemoryStore } from './memory-store.ts';
import { startPlane } from './plane.ts';

/** Documents of which one kind cannot be read. */
function documentsWithout(kind: string): Documents {
  const documents = createMemoryDocuments();
  const list: Documents['list'] = async (asked, ...further) => {
    if (asked === kind) throw new Error(`no ${kind} can be read`);
    return documents.list(asked, ...further);
  };
  return { ...documents, list };
}

describe('a start that comes to nothing', () => {
  it.each(['schedule', 'instance', 'profile'])('leaves nothing that goes on: no %s', async (kind) => {
    const clock = createVirtualClock();
    const documents = documentsWithout(kind);
    await expect(startPlane({ clock, documents })).rejects.toThrow(`no ${kind} can be read`);
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing that goes on where the alerts cannot be read, nor the lease to judge them', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    const released: string[] = [];
    const leases: typeof store.leases = {
      ...store.leases,
      async release(name, holder) {
        released.push(name);
        return store.leases.release(name, holder);
      },
    };
    const list: typeof store.documents.list = async (kind, ...further) => {
      if (kind.startsWith('alert')) throw new Error('no alerts can be read');
      return store.documents.list(kind, ...further);
    };
    const broken = { ...store, leases, documents: { ...store.documents, list } };
    await expect(startPlane({ clock, store: broken })).rejects.toThrow('no alerts can be read');
    expect([clock.pending, released]).toEqual([0, ['alerts']]);
  });
});
