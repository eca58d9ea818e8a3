import fc from 'fast-check';
import type { Pod } from 'loadline/kubernetes';
import { describe, expect, it } from 'vitest';
import { fleetOf } from '../../../src/scaling/kubernetes/pod-fleet.ts';

const pod = (name: string, further: Partial<Pod> = {}): Pod => ({
  ...{ name, namespace: 'shop', phase: 'Running', isTerminating: false, isReady: true },
  ...{ sinceMs: 0, restarts: 0, annotations: {}, ports: [] },
  ...further,
});

describe('fleetOf()', () => {
  it('counts those that are wanted and not there yet as starting', () => {
    expect(fleetOf(5, [pod('a'), pod('b', { isReady: false })])).toMatchObject({
      ...{ ready: 1, starting: 4, stopping: 0 },
      instances: [{ state: 'ready' }, { state: 'starting' }],
    });
  });

  it('counts those that are too many as stopping, who is not ready first', () => {
    const pods = [pod('a'), pod('b'), pod('c'), pod('d', { isReady: false })];
    expect(fleetOf(2, pods)).toMatchObject({ ready: 2, starting: 0, stopping: 2 });
    expect(fleetOf(3, pods)).toMatchObject({ ready: 3, starting: 0, stopping: 1 });
  });

  it('takes one that ends for stopping though it may still say that it is ready', () => {
    expect(fleetOf(1, [pod('a'), pod('b', { isTerminating: true })])).toMatchObject({
      ready: 1,
      stopping: 1,
    });
  });

  it('knows an address of the sixth version', () => {
    const { instances } = fleetOf(1, [pod('a', { ip: 'fd00::7', ports: [{ port: 8080 }] })]);
    expect(instances[0]?.url).toBe('http://[fd00::7]:8080');
  });

  it('accounts for every pod that lives, and for every one that is wanted', () => {
    const some = fc.record({
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
      isReady: fc.boolean(),
      isTerminating: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.nat(20), fc.array(some), (wanted, states) => {
        const pods = states.map((state, index) => pod(`p-${index}`, state));
        const { ready, starting, stopping, instances } = fleetOf(wanted, pods);
        expect(ready + starting).toBe(wanted);
        expect(ready + starting + stopping).toBe(
          Math.max(wanted, instances.length - leaving(pods)) + leaving(pods),
        );
        expect(Math.min(ready, starting, stopping)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

function leaving(pods: readonly Pod[]): number {
  return pods.filter(({ phase, isTerminating }) => isTerminating && !/Succeeded|Failed/.test(phase)).length;
}
