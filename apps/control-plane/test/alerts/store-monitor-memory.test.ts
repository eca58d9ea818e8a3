import { createVirtualClock } from 'loadline/base';
import type { Change, Incident } from 'loadline/monitoring';
import { type DocumentChange, storeError } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { openStoreMonitorMemory } from '../../src/alerts/store-monitor-memory.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';

function opened(): MemoryStore {
  return createMemoryStore(createVirtualClock());
}

function incidentOf(at: number, phase: Incident['phase'] = 'resolved'): Incident {
  return {
    id: at.toString(16).padStart(16, '0'),
    phase,
    group: { service: 'shop' },
    service: 'shop',
    severity: 'warning',
    startedAtMs: at,
    openedAtMs: at,
    joinedAtMs: at,
    resolvedAtMs: phase === 'resolved' ? at + 1 : undefined,
    taken: undefined,
    level: 0,
    alerts: [{ fingerprint: 'f', rule: 'r', labels: {}, resolvedAtMs: undefined }],
    runbooks: [],
    timeline: [{ atMs: at, by: 'loadline', what: 'opened', text: 'slow' }],
    timelineLeftOut: 0,
    unlisted: [],
    alertsLeftOut: 0,
  };
}

function noted(incident: Incident): Change {
  return { kind: 'incident', id: incident.id, value: incident };
}

describe('what a monitor remembers in the store', () => {
  it('comes back after a restart, of incidents those that are open, and with the others to be looked at', async () => {
    const { documents } = opened();
    const memory = await openStoreMonitorMemory(documents, { isJudge: true });
    const silence = { id: 's', match: {}, fromMs: 0, untilMs: 1, by: 'ada', why: 'so' };
    const [open, over] = [incidentOf(2, 'open'), incidentOf(1)];
    await memory.save([noted(open), noted(over), { kind: 'silence', id: 's', value: silence }]);
    const again = await openStoreMonitorMemory(documents, { isJudge: true });
    expect(await again.load()).toEqual({
      alerts: [],
      incidents: [JSON.parse(JSON.stringify(open))],
      silences: [silence],
      notifications: [],
    });
    expect(again.incidents.all().map(({ id }) => id)).toEqual([open.id, over.id]);
    expect((await again.findIncident(over.id))?.timeline).toHaveLength(1);
    await again.save([{ kind: 'silence', id: 's', value: undefined }]);
    expect((await (await openStoreMonitorMemory(documents, { isJudge: true })).load()).silences).toEqual([]);
  });

  it('is changed together, with what goes', async () => {
    const store = opened();
    const batches: (readonly DocumentChange[])[] = [];
    const { change } = store.documents;
    store.documents.change = async (changes) => {
      batches.push(changes);
      await change.call(store.documents, changes);
    };
    const memory = await openStoreMonitorMemory(store.documents, { isJudge: true });
    const all = Array.from({ length: 1000 }, (_, at) => noted(incidentOf(at + 1)));
    await memory.save([...all, noted(incidentOf(0, 'open'))]);
    await memory.save([noted(incidentOf(2000)), noted(incidentOf(2001))]);
    expect(batches).toHaveLength(2);
    expect(batches[1]?.filter(({ body }) => body === undefined).map(({ id }) => Number(`0x${id}`))).toEqual([
      2, 1,
    ]);
    expect(memory.incidents.all()).toHaveLength(1001);
    expect(memory.incidents.get(incidentOf(0).id)?.phase).toBe('open');
    expect(await memory.findIncident(incidentOf(1).id)).toBeUndefined();
  });

  it('is told to the monitor where it failed, and leaves alone out what can never be kept', async () => {
    const { documents } = opened();
    const { put } = documents;
    const failing: typeof documents = {
      ...documents,
      async change(changes) {
        if (changes.some(({ body }) => JSON.stringify(body)?.includes('too long')))
          throw storeError('STORE_TOO_LARGE', 'It is too large.');
        if (changes.some(({ body }) => JSON.stringify(body)?.includes('away'))) throw new Error('away');
        for (const { kind, id, body } of changes) await put.call(documents, kind, id, body);
      },
    };
    const memory = await openStoreMonitorMemory(failing, { isJudge: true });
    const said = (text: string, at: number): Change => {
      const incident = incidentOf(at);
      return noted({ ...incident, timeline: [{ atMs: 0, by: 'ada', what: 'note', text }] });
    };
    await memory.save([said('too long', 1), said('fits', 2)]);
    expect(memory.tooLarge).toBe(1);
    expect(memory.incidents.all()).toHaveLength(1);
    await expect(memory.save([said('away', 3)])).rejects.toThrow('away');
    expect(memory.incidents.all()).toHaveLength(1);
  });
});
