import type { Clock } from '../../base/index.ts';
import { ProbeWatch } from './probe-watch.ts';
import { createProcessProbe } from './process.ts';
import { createPrometheusProbe } from './prometheus.ts';
import type { ResourceProbe, ResourceSeries } from './resource.ts';
import { secretsOf, withoutSecrets } from './secrets.ts';

/** What of the target is to be watched; docs/reference/resources.md lists what each shows. */
export interface AskedResources {
  /** Addresses that serve Prometheus text or OpenMetrics. */
  readonly metrics?: readonly URL[];
  /** Metrics of those addresses that are of interest besides the usual ones. */
  readonly metricNames?: readonly string[];
  /** Processes of this machine, each with its descendants. */
  readonly pids?: readonly number[];
  /** `postgresql://user:password@host:5432/database`; needs the package `pg`. */
  readonly postgres?: string;
  /** `valkey://…`, `redis://…` or the path of a socket; needs the package `iovalkey`. */
  readonly valkey?: string;
}

/** The run that is watched. */
export interface WatchResourcesOptions {
  readonly clock: Clock;
  /** When the run began, by the clock's `monotonicMs`; points count from there. */
  readonly startMs: number;
  /** Ends the watch early. What was seen until then stays. */
  readonly signal: AbortSignal;
  /** Gives the address that a `metrics` URL leads to, or rejects where it may not be reached: `resolveTarget`. */
  readonly addressOf: (url: URL) => Promise<string>;
}

/** A watch that runs until its signal, or until it is stopped or disposed of. */
export interface ResourceWatch extends AsyncDisposable {
  /** What was seen until now. */
  series(): ResourceSeries[];
  /** What could not be seen, for people: `postgres: connection refused, 12 of 30 samples missing`. No secrets. */
  problems(): string[];
  /** Ends the watch and lets go of everything, in at most two seconds. A second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Watches the target while it is under load: at once and then at each full second of the run. Each thing is
 * asked by itself and has 800 ms to answer, so that one that is slow or dead keeps back neither the others
 * nor the run: where it did not answer its series have a gap, and nothing is made up for it. In constant memory:
 * at most 100 series a source, and 600 points a series.
 *
 * @throws what `addressOf` throws, POSTGRES_ADDRESS_INVALID, VALKEY_ADDRESS_INVALID, and Node's own
 * ERR_MODULE_NOT_FOUND where `pg` or `iovalkey` is needed and not installed. An absent server is no error.
 */
export async function watchResources(
  asked: AskedResources,
  { addressOf, signal, ...time }: WatchResourcesOptions,
): Promise<ResourceWatch> {
  const probes = await openProbes(asked, addressOf);
  const watches = probes.map((probe) => new ProbeWatch(probe, time));
  const secrets = secretsOf([...(asked.metrics ?? []), asked.postgres, asked.valkey]);
  const stop = async (): Promise<void> => {
    signal.removeEventListener('abort', stop);
    await Promise.all(watches.map((watch) => watch.stop()));
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) void stop();
  return {
    series: () =>
      watches
        .flatMap((watch) => watch.series())
        .map((series) => ({ ...series, name: withoutSecrets(series.name, secrets) })),
    problems: () =>
      watches.flatMap((watch) => watch.problems()).map((problem) => withoutSecrets(problem, secrets)),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Opens all or none. The clients of servers are loaded only where they are asked for, since they are optional. */
async function openProbes(
  { metrics = [], metricNames = [], pids = [], postgres, valkey }: AskedResources,
  addressOf: (url: URL) => Promise<string>,
): Promise<ResourceProbe[]> {
  const addresses = await Promise.all(metrics.map(addressOf));
  const probes = [
    ...pids.map((pid) => createProcessProbe(pid)),
    ...metrics.map((url, at) =>
      createPrometheusProbe({ url, address: addresses[at] as string, names: metricNames }),
    ),
  ];
  try {
    if (postgres !== undefined) {
      const { createPostgresProbe } = await import('./postgres.ts');
      probes.push(createPostgresProbe(postgres));
    }
    if (valkey !== undefined) {
      const { createValkeyProbe } = await import('./valkey.ts');
      probes.push(createValkeyProbe(valkey));
    }
    return probes;
  } catch (error) {
    await Promise.all(probes.map((probe) => probe.close()));
    throw error;
  }
}
