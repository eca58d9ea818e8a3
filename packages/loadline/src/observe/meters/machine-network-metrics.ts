import { readFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';

/** What a device of the machine has carried since it was there. */
export interface DeviceBytes {
  readonly device: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Where the table of the devices comes from. */
export interface MachineNetworkOptions {
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Gives the kernel's table; throws where there is none. Default: that of Linux. */
  readonly readTable?: () => string;
}

/** Beyond it devices are added up, under a name that no device has. */
const devicesMax = 16;
const restName = '(others)';
/** Both counters of one look tell of the same moment, and the kernel makes its table once for them. */
const sameLookMs = 50;

/**
 * Adds the bytes that the network devices of the machine have carried, by the names that Prometheus' node exporter has for
 * them. In a container they are those of the container. Read when somebody looks; where the system has no such table at the
 * start, as everywhere but on Linux, nothing is added.
 */
export function observeMachineNetwork(registry: Registry, options: MachineNetworkOptions = {}): void {
  const { clock = systemClock, readTable = () => readFileSync('/proc/net/dev', 'utf8') } = options;
  if (!isThere(readTable)) return;
  let known: readonly DeviceBytes[] = [];
  let knownMs = Number.NEGATIVE_INFINITY;
  const look = (): readonly DeviceBytes[] => {
    const nowMs = clock.monotonicMs();
    if (nowMs - knownMs >= sameLookMs) {
      known = bounded(parseDevices(readTable(), (device) => !carriedByOthers.test(device)));
      knownMs = nowMs;
    }
    return known;
  };
  registry.counter({
    name: 'node_network_receive_bytes_total',
    help: 'Bytes that a network device of the machine has received.',
    labels: ['device'],
    read: () => look().map(({ device, receivedBytes }) => [{ device }, receivedBytes]),
  });
  registry.counter({
    name: 'node_network_transmit_bytes_total',
    help: 'Bytes that a network device of the machine has sent.',
    labels: ['device'],
    read: () => look().map(({ device, sentBytes }) => [{ device }, sentBytes]),
  });
}

/** What fails later is counted by the registry. */
function isThere(readTable: () => string): boolean {
  try {
    readTable();
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads the table: a line a device, its name, a colon, eight numbers of what came in, eight of what went out. Pure.
 *
 * @param isOf which devices; the numbers of others are not even looked at, since there may be hundreds.
 */
export function parseDevices(
  table: string,
  isOf: (device: string) => boolean = () => true,
): readonly DeviceBytes[] {
  return table.split('\n').flatMap((line): DeviceBytes[] => {
    // A name may hold a colon itself, as those of addresses beside the first once had.
    const at = line.lastIndexOf(':');
    const device = line.slice(0, Math.max(0, at)).trim();
    if (device === '' || !isOf(device)) return [];
    const numbers = line.slice(at + 1).match(/\d+/g) ?? [];
    if (numbers.length < 9) return [];
    return [{ device, receivedBytes: Number(numbers[0]), sentBytes: Number(numbers[8]) }];
  });
}

/**
 * Devices whose bytes others carry as well: the loopback, and what leads to containers and virtual machines, into tunnels and
 * through filters. With them a sum would count a byte twice or three times; and on a machine of many containers there
 * are hundreds, each with a name that comes once and never again.
 */
const carriedByOthers =
  /^(?:lo$|veth|docker|br-|virbr|vnet|tap|tun|wg|cali|cni|flannel|cilium|lxc|lxdbr|podman|kube-|vxlan|geneve|gre|erspan|sit|ip6|ip_vti|ifb|dummy)/;

/** As many as there may be, and the sum of the others. Pure. */
function bounded(all: readonly DeviceBytes[]): readonly DeviceBytes[] {
  if (all.length <= devicesMax) return all;
  const rest = all.slice(devicesMax - 1);
  const sum = (of: (each: DeviceBytes) => number): number =>
    rest.reduce((total, each) => total + of(each), 0);
  return [
    ...all.slice(0, devicesMax - 1),
    {
      device: restName,
      receivedBytes: sum(({ receivedBytes }) => receivedBytes),
      sentBytes: sum(({ sentBytes }) => sentBytes),
    },
  ];
}
