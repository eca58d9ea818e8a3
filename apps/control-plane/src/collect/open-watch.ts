import { type Clock, createRandom } from 'loadline/base';
import { createKubernetes } from 'loadline/kubernetes';
import type { Registry } from 'loadline/metrics';
import type { Store } from 'loadline/store';
import type { Documents, NextId } from '../memory/index.ts';
import { Collector } from './collector.ts';
import { createDrivenInstances, type RunningInstances } from './driven-instances.ts';
import {
  type Resolve,
  type ResolveService,
  resolveByMachine,
  resolveServiceByMachine,
} from './judged-address.ts';
import { createKnownInstances, type KnownInstances } from './known-instances.ts';
import type { Lately } from './lately.ts';
import { createListedInstances } from './listed-instances.ts';
import { createPodInstances } from './pod-instances.ts';
import { createPostgresProbe } from './postgres-probe.ts';
import { createPull, type Pull } from './pull.ts';
import { Registrations } from './registrations.ts';
import { createValkeyProbe } from './valkey-probe.ts';
import type { WatchConfiguration } from './watch-words.ts';
import type { Discovery } from './watched.ts';

export interface WatchOptions {
  readonly clock: Clock;
  readonly documents: Documents;
  readonly nextId: NextId;
  readonly store: Pick<Store, 'metrics' | 'readings'>;
  readonly configuration: WatchConfiguration;
  /** Opens the metrics of those that are listed or named. */
  readonly key: string | undefined;
  /** Those that are run here. */
  readonly running: RunningInstances;
  /** Hears of what services do that are scaled. */
  readonly lately: Lately;
  readonly registry: Registry;
  /** Whether there may be other control planes with the same documents. */
  readonly isShared: boolean;
  readonly onFailure: (error: unknown) => void;
  /** Default: over HTTP. */
  readonly pull?: Pull | undefined;
  /** Default: this machine's. */
  readonly resolve?: Resolve | undefined;
  readonly resolveService?: ResolveService | undefined;
}

export interface Watch {
  readonly collector: Collector;
  readonly registrations: Registrations;
  readonly known: KnownInstances;
}

/** Begins to watch everybody who is known from anywhere. */
export async function openWatch(options: WatchOptions): Promise<Watch> {
  const { clock, documents, nextId, store, configuration, key, running, registry, onFailure } = options;
  const { resolve = resolveByMachine, pull = createPull(clock) } = options;
  const { resolveService = resolveServiceByMachine } = options;
  const { services, kubernetes, postgres, valkey, policy, intervalMs } = configuration;
  const registrations = await Registrations.open({
    ...{ documents, clock, nextId, policy, resolve, onFailure },
    isShared: options.isShared,
  });
  const discoveries = new Map<string, Discovery>([
    ['dns', createListedInstances(services, { clock, resolve, resolveService, onFailure })],
  ]);
  if (kubernetes !== undefined)
    discoveries.set(
      'kubernetes',
      createPodInstances(kubernetes.services, {
        kubernetes: createKubernetes(kubernetes.access, { clock }),
        clock,
        random: createRandom(clock.now()),
        onFailure,
      }),
    );
  const sources = [...discoveries.values(), createDrivenInstances(running), registrations];
  const servers = [
    ...postgres.map(({ service, url }) => createPostgresProbe(service, url)),
    ...valkey.map(({ service, url }) => createValkeyProbe(service, url)),
  ];
  const collector = new Collector({
    clock,
    store,
    sources,
    servers,
    pull,
    policy,
    resolve,
    key,
    intervalMs,
    lately: options.lately,
    onFailure,
  });
  observeCollector(registry, collector, discoveries);
  const known = createKnownInstances({ sources, servers, policy, resolve, onFailure });
  return { collector, registrations, known };
}

function observeCollector(
  registry: Registry,
  collector: Collector,
  discoveries: ReadonlyMap<string, Discovery>,
): void {
  registry.gauge({
    name: 'loadline_watched_instances',
    help: 'Instances and servers that are asked what they do, by how they stand.',
    labels: ['state'],
    read: () => {
      const members = collector.members();
      return (['up', 'stale', 'down'] as const).map((state) => [
        { state },
        members.filter((member) => member.state === state).length,
      ]);
    },
  });
  const counters = {
    samples: ['loadline_collected_samples_total', 'Samples that were collected of instances and servers.'],
    failures: ['loadline_collect_failures_total', 'Looks at instances and servers that gave nothing.'],
    lost: ['loadline_collected_samples_lost_total', 'Collected samples that the store did not take.'],
    leftOut: ['loadline_collected_samples_left_out_total', 'Samples beyond the limit of an instance.'],
  } as const;
  for (const [count, [name, help]] of Object.entries(counters))
    registry.counter({ name, help, read: () => collector.counts[count as keyof typeof counters] });
  registry.counter({
    name: 'loadline_instances_unwatched_total',
    help: 'Times that an instance was beyond the limit.',
    read: () => {
      const leftOut = [...discoveries.values()].map(({ counts }) => counts.leftOut);
      return leftOut.reduce((sum, each) => sum + each, collector.counts.unwatched);
    },
  });
  registry.counter({
    name: 'loadline_discovery_failures_total',
    help: 'Questions who there is that had no answer; those that were known stay.',
    labels: ['by'],
    read: () => [...discoveries].map(([by, { counts }]) => [{ by }, counts.failures]),
  });
}
