import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createNewcomerWeights, openBuilds } from '../../src/rollouts/index.ts';
import type { ServiceDescription } from '../../src/scaling/index.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';

const commandOf = (version: string) => ({ command: 'node', args: [version], environment: {} });
const listen = { host: '127.0.0.1', port: 8080 };

/** A services file with this version, and this one as its candidate. */
function shop(version?: string, candidate?: string): ServiceDescription {
  return {
    name: 'shop',
    command: commandOf(version ?? 'unnamed'),
    policy: {},
    listen,
    ...(version === undefined ? {} : { version }),
    ...(candidate === undefined ? {} : { candidate: { version: candidate, command: commandOf(candidate) } }),
  };
}

/** What a control plane finds that is started with this file. */
function start(store: MemoryStore, service: ServiceDescription) {
  return openBuilds({ documents: store.documents, services: [service] });
}

const argumentsOf = (builds: Awaited<ReturnType<typeof start>>) =>
  Object.fromEntries(Object.entries(builds.commands).map(([group, command]) => [group, command().args?.[0]]));

describe('the builds of a service', () => {
  it('are one group where nothing could split the traffic', async () => {
    const { listen: _, ...alone } = shop();
    const builds = await start(createMemoryStore(createVirtualClock()), alone);
    expect(argumentsOf(builds)).toEqual({ shop: 'unnamed' });
    expect(builds.groupsOf('shop')).toEqual(['shop']);
  });

  it('stay where they are when the candidate takes over, through every start and change of the file', async () => {
    const store = createMemoryStore(createVirtualClock());
    const first = await start(store, shop('1.0', '1.1'));
    await first.settle('shop');
    expect(argumentsOf(first)).toEqual({ shop: '1.0', 'shop.green': '1.1' });
    expect(first.candidateGroup('shop', '1.1')).toBe('shop.green');
    await first.takeOver('shop', '1.1');
    // Told twice, as whoever is not sure does.
    await first.takeOver('shop', '1.1');
    expect(first.servingGroup('shop')).toBe('shop.green');
    expect(first.candidateGroup('shop', '1.1')).toBe('shop.green');

    // The file does not say so yet: what serves goes on, and the other one could be brought back.
    const second = await start(store, shop('1.0', '1.1'));
    expect(second.servingVersion('shop')).toBe('1.1');
    expect(second.otherVersion('shop')).toBe('1.0');
    expect(argumentsOf(second)).toEqual({ shop: '1.0', 'shop.green': '1.1' });

    // It says so, and names the next.
    const third = await start(store, shop('1.1', '1.2'));
    expect(third.servingGroup('shop')).toBe('shop.green');
    expect(argumentsOf(third)).toEqual({ shop: '1.2', 'shop.green': '1.1' });
    await third.settle('shop');
    await third.takeOver('shop', '1.2');
    expect((await start(store, shop('1.2'))).servingGroup('shop')).toBe('shop');
  });

  it('get nothing as newcomers before their rollout gives them something, and then what that gives', async () => {
    const builds = await start(createMemoryStore(createVirtualClock()), shop('1.0', '1.1'));
    const weights = createNewcomerWeights(builds);
    expect([weights.of('shop'), weights.of('shop.green')]).toEqual([undefined, 0]);
    weights.note('shop.green', 27);
    expect(weights.of('shop.green')).toBe(27);
    await builds.takeOver('shop', '1.1');
    expect(createNewcomerWeights(builds).of('shop')).toBe(0);
  });

  it('are still known apart when the file has changed in the middle of a rollout', async () => {
    const store = createMemoryStore(createVirtualClock());
    const before = await start(store, shop('1.0', '1.1'));
    await before.settle('shop');
    // The candidate is what the service is to be, says the file, and it has not taken over.
    const after = await start(store, shop('1.1'));
    expect(after.servingGroup('shop')).toBe('shop');
    expect(after.candidateGroup('shop', '1.1')).toBe('shop.green');
    await after.settle('shop');
    expect(after.candidateGroup('shop', '1.1')).toBe('shop');
  });
});
