import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createDocumentRolloutMemory, openRollouts, type RolloutState } from 'loadline/scaling';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeRolloutMemory, rolloutState } from '../../contracts/rollout-memory-contract.ts';
import { openFresh } from '../../store/opened-store.ts';
import { openStage, quickPlan, request } from './stage.ts';

let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

describeRolloutMemory('a store', async () => {
  const { store, ...opened } = await openFresh(server.url);
  const memory = createDocumentRolloutMemory(store.documents);
  return {
    memory,
    again: () => createDocumentRolloutMemory(store.documents),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
});

describe('createDocumentRolloutMemory()', () => {
  it('removes the oldest of many that have ended, and none that is under way', async () => {
    await using opened = await openFresh(server.url);
    const { documents } = opened.store;
    const states = Array.from({ length: 210 }, (_, index): RolloutState => {
      const state = rolloutState(`r${index}`, index);
      return index < 3 ? state : { ...state, phase: 'promoted', phaseAtMs: index };
    });
    await documents.change(states.map((state) => ({ kind: 'rollout', id: state.id, body: state })));
    const left = await createDocumentRolloutMemory(documents).load();
    expect(left).toHaveLength(203);
    expect(left.map(({ id }) => id)).toEqual(expect.arrayContaining(['r0', 'r1', 'r2', 'r10', 'r209']));
    expect(left.map(({ id }) => id)).not.toContain('r9');
    expect(await documents.list('rollout')).toHaveLength(203);
  });

  it('lets a rollout go on in another process, with what the first one has seen', async () => {
    await using opened = await openFresh(server.url);
    const stage = await openStage();
    const memory = createDocumentRolloutMemory(opened.store.documents);
    const ports = { ...stage.ports, memory };
    const first = await openRollouts(ports);
    await first.start({ ...request, plan: quickPlan });
    const remembered = async (): Promise<RolloutState | undefined> => (await memory.load())[0];
    // Writing takes real time, of which the clock knows nothing: it moves on in small parts.
    await expect
      .poll(
        async () => {
          await stage.clock.advance(200);
          return (await remembered())?.evidence[0]?.differences[0]?.count ?? 0;
        },
        { timeout: 20_000, interval: 1 },
      )
      .toBeGreaterThanOrEqual(2);
    await first.close();
    const second = await openRollouts(ports);
    expect(second.status('r1').state).toMatchObject({ phase: 'watching', share: 0.2 });
    const { evidence } = second.status('r1').state;
    expect(evidence[0]?.differences[0]?.count).toBeGreaterThanOrEqual(2);
    await second.close();
    await stage.rollouts.close();
  });
});
