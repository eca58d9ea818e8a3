/** Instances of services in one small process, which tell what they do at an address each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cores, type Running, start } from '../load/processes.ts';

export const serviceCount = 10;
const instancesOfService = 20;
export interface Fleet extends AsyncDisposable {
  readonly instances: readonly Instance[];
  /** So many of them are watched, at their interval: 20,000 samples a second in either shape. */
  words(shape: FleetShape): readonly string[];
}

export interface FleetShape {
  readonly instances: number;
  readonly everyMs: number;
}

export interface Instance {
  readonly service: string;
  /** Host and port, which is also how the control plane calls it. */
  readonly address: string;
}

export function serviceName(number: number): string {
  return `service-${number}`;
}

export async function startFleet(): Promise<Fleet> {
  const module = fileURLToPath(new URL('./fleet-process.ts', import.meta.url));
  const running = start({
    core: cores.generator,
    command: process.execPath,
    args: ['--conditions=loadline-source', module],
    hasChannel: true,
  });
  const port = await firstMessage(running);
  const instances = Array.from({ length: serviceCount * instancesOfService }, (_, number) => ({
    service: serviceName(number % serviceCount),
    // All of 127.0.0.0/8 is this machine, so each has an address of its own behind one port.
    address: `127.0.1.${number + 1}:${port}`,
  }));
  return {
    instances,
    words: ({ instances: count, everyMs }) => [
      '--watch-every',
      `${everyMs}ms`,
      ...instances
        .slice(0, count)
        .flatMap(({ service, address }) => ['--watch', `${service}=http://${address}`]),
    ],
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function firstMessage({ child, ended }: Running): Promise<number> {
  return Promise.race([
    new Promise<number>((resolve) => child.once('message', (port) => resolve(port as number))),
    ended.then(({ stderr }) => Promise.reject(new Error(`The instances did not start.\n${stderr}`))),
    sleep(60_000, undefined, { ref: false }).then(() =>
      Promise.reject(new Error('The instances do not start.')),
    ),
  ]);
}
