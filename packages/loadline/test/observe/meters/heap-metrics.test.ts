import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRegistry, type FamilySnapshot, type Registry } from 'loadline/metrics';
import { observeHeap, observeNetwork } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

const familyOf = (registry: Registry, name: string): FamilySnapshot | undefined =>
  registry.snapshot().find((family) => family.name === name);

describe('observeHeap()', () => {
  it('tells the spaces of the heap, and its limit', () => {
    const registry = createRegistry();
    observeHeap(registry)();
    const spaces = familyOf(registry, 'nodejs_heap_space_bytes')?.series.map(({ labels }) =>
      labels.join(' '),
    );
    expect(spaces).toEqual(expect.arrayContaining(['old used', 'old reserved', 'new used']));
    const [limit] = familyOf(registry, 'nodejs_heap_limit_bytes')?.series ?? [];
    expect(limit).toMatchObject({ value: expect.any(Number) });
  });

  it('counts collections by kind with their pauses, and what was in use after the last major one', async () => {
    const registry = createRegistry();
    const stop = observeHeap(registry);
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    const major = (): number => {
      const family = familyOf(registry, 'nodejs_collection_pause_seconds');
      if (family?.kind !== 'histogram') return 0;
      return family.series.find(({ labels }) => labels[0] === 'major')?.histogram.count ?? 0;
    };
    await expect.poll(major).toBeGreaterThan(0);
    stop();
    const [after] = familyOf(registry, 'nodejs_heap_used_after_collection_bytes')?.series ?? [];
    expect(after && 'value' in after ? after.value : 0).toBeGreaterThan(1e6);
  });
});

describe('observeNetwork()', () => {
  it('counts a connection once, and its bytes also when it is gone', () => {
    const registry = createRegistry();
    const network = observeNetwork(registry);
    const server = new EventEmitter();
    network.watch(server);
    let close = (): void => undefined;
    const socket = {
      bytesRead: 5,
      bytesWritten: 7,
      once: (_: string, listener: () => void) => (close = listener),
    };
    server.emit('connection', socket);
    network.see(socket);
    const value = (name: string): unknown => {
      const [series] = familyOf(registry, `http_server_${name}`)?.series ?? [];
      return series && 'value' in series ? series.value : undefined;
    };
    const all = (): unknown[] =>
      ['connections', 'connections_total', 'received_bytes_total', 'sent_bytes_total'].map(value);
    expect(all()).toEqual([1, 1, 5, 7]);
    socket.bytesRead = 6;
    close();
    expect(all()).toEqual([0, 1, 6, 7]);
  });
});
