import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { observeMachineNetwork, observeProcess } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import { parseDevices } from '../../../src/observe/meters/machine-network-metrics.ts';

/** As the kernel prints it. */
function tableOf(devices: readonly { device: string; receivedBytes: number; sentBytes: number }[]): string {
  const lines = devices.map(
    ({ device, receivedBytes, sentBytes }) =>
      `${device.padStart(6)}: ${receivedBytes} 92 0 0 0 0 0 0 ${sentBytes} 63 0 0 0 0 0 0\n`,
  );
  return `Inter-|   Receive                          |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
${lines.join('')}`;
}

const carried = (device: string, receivedBytes: number, sentBytes = 0) => ({
  device,
  receivedBytes,
  sentBytes,
});

/** By device. */
function bytesOf(registry: Registry, way: 'receive' | 'transmit'): Record<string, number> {
  const family = registry.snapshot().find(({ name }) => name === `node_network_${way}_bytes_total`);
  const series = family?.kind === 'counter' ? family.series : [];
  return Object.fromEntries(series.map(({ labels, value }) => [labels.join(), value]));
}

describe('observeMachineNetwork()', () => {
  it('tells what each device has received and sent, when somebody looks', async () => {
    const clock = createVirtualClock();
    const registry = createRegistry();
    let received = 10;
    let looks = 0;
    const readTable = (): string => {
      looks++;
      return tableOf([carried('eth0', received, 20), carried('eth1', 3, 4)]);
    };
    observeMachineNetwork(registry, { clock, readTable });
    expect(bytesOf(registry, 'receive')).toEqual({ eth0: 10, eth1: 3 });
    expect(bytesOf(registry, 'transmit')).toEqual({ eth0: 20, eth1: 4 });
    // One to see whether there is such a table, one for both counters.
    expect(looks).toBe(2);
    received = 30;
    await clock.advance(1000);
    expect(bytesOf(registry, 'receive')).toEqual({ eth0: 30, eth1: 3 });
  });

  it('leaves out what other devices carry as well', () => {
    const registry = createRegistry();
    const virtual = [
      'lo',
      'veth12ab',
      'docker0',
      'br-0f3c',
      'cali7',
      'flannel.1',
      'cni0',
      'tunl0',
      'wg0',
      'ifb0',
    ];
    const own = ['eth0', 'ens5', 'enp0s31f6', 'wlan0', 'bond0', 'lowlat0'];
    const readTable = (): string => tableOf([...virtual, ...own].map((device) => carried(device, 1)));
    observeMachineNetwork(registry, { readTable });
    expect(Object.keys(bytesOf(registry, 'receive'))).toEqual(own);
  });

  it('adds up what is beyond 16 devices, and loses none of it', () => {
    const registry = createRegistry();
    const many = Array.from({ length: 40 }, (_, at) => carried(`eth${at}`, 10, 1));
    observeMachineNetwork(registry, { readTable: () => tableOf(many) });
    const received = bytesOf(registry, 'receive');
    expect(Object.keys(received)).toHaveLength(16);
    expect(received['(others)']).toBe(250);
    expect(bytesOf(registry, 'transmit')['(others)']).toBe(25);
  });

  it('says nothing where there is no such table, and counts that it is gone later', () => {
    const without = createRegistry();
    const gone = (): string => {
      throw new Error('ENOENT');
    };
    observeMachineNetwork(without, { readTable: gone });
    expect(without.families().map(({ name }) => name)).not.toContain('node_network_receive_bytes_total');
    const registry = createRegistry();
    let read = (): string => tableOf([carried('eth0', 1)]);
    observeMachineNetwork(registry, { readTable: () => read() });
    read = gone;
    expect(bytesOf(registry, 'receive')).toEqual({});
    const failures = registry.snapshot().find(({ name }) => name === 'loadline_metrics_read_failures_total');
    expect(failures?.series).toMatchObject([
      { labels: ['node_network_receive_bytes_total'] },
      { labels: ['node_network_transmit_bytes_total'] },
    ]);
  });

  it.runIf(existsSync('/proc/net/dev'))('reads the table of this machine', () => {
    const registry = createRegistry();
    observeMachineNetwork(registry);
    const [received, sent] = [bytesOf(registry, 'receive'), bytesOf(registry, 'transmit')];
    expect(Object.keys(received)).toEqual(Object.keys(sent));
    expect(received).not.toHaveProperty('lo');
  });
});

describe('parseDevices()', () => {
  const name = fc.stringMatching(/^[a-zA-Z][\w.:@-]{0,14}$/).filter((text) => !text.endsWith(':'));
  const bytes = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const devices = fc.array(fc.record({ device: name, receivedBytes: bytes, sentBytes: bytes }), {
    maxLength: 5,
  });

  it('reads every device that the kernel prints', () => {
    fc.assert(
      fc.property(devices, (all) => {
        expect(parseDevices(tableOf(all))).toEqual(all);
      }),
    );
  });

  it('reads whatever else there may be without a number that is none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), devices, (text, all) => {
        const found = parseDevices(`${text}\n${tableOf(all)}`);
        expect(found.length).toBeGreaterThanOrEqual(all.length);
        expect(found.every(({ receivedBytes, sentBytes }) => receivedBytes >= 0 && sentBytes >= 0)).toBe(
          true,
        );
      }),
      { numRuns: 30 },
    );
  });
});

it('observeProcess() tells what the process may have of RAM, which is never more than the machine has', () => {
  const registry = createRegistry();
  observeProcess(registry, createVirtualClock())();
  const family = registry.snapshot().find(({ name: each }) => each === 'process_memory_limit_bytes');
  const [limit] = family?.kind === 'gauge' ? family.series : [];
  expect(limit?.value).toBeGreaterThan(process.memoryUsage.rss());
  expect(limit?.value).toBeLessThanOrEqual(totalmem());
});
