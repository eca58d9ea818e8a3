import { pid } from 'node:process';
import { type CpuGroups, findCpuGroups } from './cpu-groups.ts';
import type { ProcessQuota } from './process-kind.ts';
import type { ServiceCommand } from './service-command.ts';

/** How the services of one driver are kept to their shares. The system is asked once, and only where one has a quota. */
export class ProcessQuotas {
  readonly #root: string | undefined;
  readonly #known = new Map<ServiceCommand, ProcessQuota>();
  #found: CpuGroups | string | undefined;

  constructor(root: string | undefined) {
    this.#root = root;
  }

  /** Undefined where nobody asked for one. */
  of(service: ServiceCommand): ProcessQuota | undefined {
    const { quota: wish } = service;
    if (wish === undefined) return undefined;
    const known = this.#known.get(service);
    if (known !== undefined) return known;
    this.#found ??= findCpuGroups({ pid, ...(this.#root === undefined ? {} : { root: this.#root }) });
    const quota = quotaBy(this.#found, wish);
    this.#known.set(service, quota);
    return quota;
  }

  close(): void {
    if (typeof this.#found === 'object') this.#found.close();
  }
}

function quotaBy(
  found: CpuGroups | string,
  { cores, otherwise }: NonNullable<ServiceCommand['quota']>,
): ProcessQuota {
  if (typeof found === 'object') return { described: { by: 'control group', cores }, groups: found };
  const because = `no control group can be made: ${found}`;
  if (otherwise === undefined) return { described: { by: 'nothing', because }, groups: undefined };
  const { requestsAtOnce } = otherwise;
  return { described: { by: 'admission', requestsAtOnce, because }, groups: undefined };
}
