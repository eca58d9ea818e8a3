import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from 'loadline/base';
import { createProcessDriver, type ServiceCommand, type TrafficGate } from 'loadline/scaling';
import { openPool, type Pool } from 'loadline/traffic';
import type { ListenAddress, ServiceDescription } from '../scaling/index.ts';
import { followProxy } from './followed-proxy.ts';
import { proxyCommand } from './proxy-command.ts';
import { proxyKeyIn } from './proxy-key.ts';

export interface ServiceProxiesOptions {
  readonly clock: Clock;
  readonly services: readonly ServiceDescription[];
  /** What the proxies write down, and their key. */
  readonly folder: string;
}

/** How the proxy of one service stands. */
export interface ProxyView {
  readonly service: string;
  /** Where it takes requests. */
  readonly url: string;
  readonly isReady: boolean;
  /** Why it is not ready, or not in step. */
  readonly trouble: string | undefined;
}

/** The proxies of those services that listen. Closed after their instances, which leave through them. */
export interface ServiceProxies extends AsyncDisposable {
  /** For the driver of the instances. Services that do not listen pass it at once. */
  readonly gate: TrafficGate;
  /** Starts them, or takes up those that a control plane before us has left running. */
  begin(): void;
  views(): readonly ProxyView[];
}

/** Between two looks at a proxy: one that was started again is told its upstreams so soon. */
const lookEveryMs = 1000;

export function startServiceProxies({ clock, services, folder }: ServiceProxiesOptions): ServiceProxies {
  const listening = services.flatMap((service) =>
    service.listen === undefined ? [] : [{ ...service, listen: service.listen }],
  );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = proxyKeyIn(folder);
  const groups = new Map(listening.map((service) => [service.name, groupOf(service)]));
  const processes = createProcessDriver({
    clock,
    services: Object.fromEntries(
      listening.map((service): [string, ServiceCommand] => {
        const group = groupOf(service);
        const state = join(folder, `${group}.json`);
        return [group, proxyCommand({ listen: service.listen, state, key })];
      }),
    ),
    folder,
    isHeld: true,
  });
  const pools = new Map(
    listening.map(({ name }): [string, Pool] => {
      const proxy = followProxy({
        name: `the proxy of ${name}`,
        processes,
        group: groups.get(name) ?? name,
        key,
      });
      return [name, openPool({ clock, drivers: [proxy], intervalMs: lookEveryMs })];
    }),
  );
  return {
    gate: gateOf(pools),
    begin() {
      processes.begin();
      for (const group of groups.values()) void processes.apply(group, 1, never);
    },
    views: () => listening.map(({ name, listen }) => viewOf(name, listen, pools.get(name))),
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
      await processes.close();
    },
  };
}

const never = new AbortController().signal;

/** Of where it listens too: one that is to listen elsewhere is another one. */
function groupOf({ name, listen }: { readonly name: string; readonly listen: ListenAddress }): string {
  return `${name}-at-${listen.host.replaceAll(/[.:]+/g, '-')}-${listen.port}`;
}

function gateOf(pools: ReadonlyMap<string, Pool>): TrafficGate {
  return {
    async admit({ group, id, host, port }, signal) {
      await pools.get(group)?.join({ id, host, port }, signal);
    },
    async withdraw({ group, id, graceMs }, signal) {
      return (await pools.get(group)?.leave(id, { graceMs }, signal)) ?? { kind: 'drained' };
    },
    inFlight({ group, id }) {
      const proxies = pools.get(group)?.status().proxies ?? [];
      const counts = proxies.map(({ seen }) => seen?.find((each) => each.id === id)?.inFlight);
      return counts.reduce(
        (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
        0,
      );
    },
  };
}

function viewOf(service: string, { host, port }: ListenAddress, pool: Pool | undefined): ProxyView {
  const [proxy] = pool?.status().proxies ?? [];
  return {
    service,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    isReady: proxy?.seen !== undefined,
    trouble: proxy?.trouble,
  };
}
