import type { Instance, ScalingDriver } from 'loadline/scaling';
import { createRemoteProxy, type ProxyDriver } from 'loadline/traffic';

export interface FollowedProxyOptions {
  readonly name: string;
  /** Runs the process of the proxy, in a group of one. */
  readonly processes: ScalingDriver;
  readonly group: string;
  readonly key: string;
}

/** A proxy that is another process, wherever that takes orders at present: one that was started again does so elsewhere. */
export function followProxy({ name, processes, group, key }: FollowedProxyOptions): ProxyDriver {
  let last: { readonly url: string; readonly proxy: ProxyDriver } | undefined;

  async function present(signal: AbortSignal): Promise<ProxyDriver> {
    const fleet = await processes.observe(group, signal);
    if (fleet.kind === 'unseen') throw new Error(fleet.because);
    const url = fleet.instances.find(({ state }) => state === 'ready')?.url;
    if (url === undefined) throw new Error(whyNone(fleet.instances));
    if (last?.url !== url) last = { url, proxy: createRemoteProxy({ url, key }) };
    return last.proxy;
  }

  return {
    name,
    observe: async (signal) => (await present(signal)).observe(signal),
    apply: async (wanted, signal) => (await present(signal)).apply(wanted, signal),
  };
}

function whyNone(instances: readonly Instance[]): string {
  const remark = instances.map((each) => each.remark).find((each) => each !== undefined);
  return `its process is not ready${remark === undefined ? '' : `: it ${remark}`}`;
}
