import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { sleep, systemClock } from 'loadline/base';
import { foodshareError } from '../src/ground/errors.ts';
import type { ControlPlane } from './control-plane.ts';

/** The group that the control plane scales. */
export const group = 'foodshare';

export interface ServicesFileOptions {
  readonly file: string;
  /** Where the service takes its requests. */
  readonly port: number;
  /** What an instance needs to know. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where Node keeps what it has compiled, for the instances that come later. */
  readonly compiledFolder: string;
  readonly scaling: DemoScaling;
}

/** When there are to be more instances, and what each of them may have, as a services file has it. */
export interface DemoScaling {
  readonly policy: object | string;
  readonly replicas: { readonly min: number; readonly max: number };
  readonly quota?: object;
}

/** Writes what the control plane is to run: how an instance is started, and when there are to be more. */
export async function writeServicesFile({
  file,
  port,
  environment,
  compiledFolder,
  scaling,
}: ServicesFileOptions): Promise<void> {
  const service = {
    command: process.execPath,
    args: ['--conditions=loadline-source', fileURLToPath(new URL('../src/main.ts', import.meta.url))],
    // It leaves the proxy before it is told to stop: there is nobody who has yet to notice. And it refuses nobody: more
    // instances are to come instead.
    env: {
      ...environment,
      FOODSHARE_DRAIN_DELAY: '0',
      FOODSHARE_USER_RATE: '0',
      NODE_COMPILE_CACHE: compiledFolder,
    },
    listen: port,
    // Whoever has waited for so long has given up; an instance learns how much of it is left.
    deadline: '10s',
    ...scaling,
  };
  await writeFile(file, JSON.stringify({ services: { [group]: service } }, undefined, 2), { mode: 0o600 });
}

/** For a service that is ready within a second: more at once, and soon fewer again, one at a time. */
export const demoScaling: DemoScaling = {
  replicas: { min: 2, max: 6 },
  policy: {
    interval: '1s',
    scaleIn: { cooldown: '3s', stabilization: '8s', limits: [{ instances: 1, within: '3s' }] },
    staleAfter: '10s',
    metrics: { ratePerSecond: { target: 30 } },
  },
};

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The instances of the service, as the control plane sees them. */
export interface FleetView {
  readonly wanted: number;
  readonly ready: number;
  readonly stopping: number;
  readonly instances: readonly { readonly id: string; readonly url?: string; readonly remark?: string }[];
}

export async function lookAtFleet(controlPlane: ControlPlane): Promise<FleetView | undefined> {
  const { items } = (await controlPlane.get(`/performance/scaling/status?group=${group}`)) as {
    readonly items: readonly { readonly fleet?: FleetView }[];
  };
  return items[0]?.fleet;
}

/** Waits until so many are ready, no other is there, and the service answers at its address. */
export async function untilFleet(
  controlPlane: ControlPlane,
  { count, url, limitMs, signal }: { count: number; url: string; limitMs: number; signal: AbortSignal },
): Promise<FleetView> {
  const endMs = systemClock.monotonicMs() + limitMs;
  for (;;) {
    const fleet = await lookAtFleet(controlPlane);
    const isThere = fleet?.ready === count && fleet.stopping === 0 && fleet.wanted === count;
    if (isThere && (await isReady(url))) return fleet;
    if (systemClock.monotonicMs() > endMs)
      throw foodshareError(
        'FOODSHARE_DEMO_FAILED',
        `The service did not come to ${count} instances within ${limitMs / 1000} s: ${JSON.stringify(fleet)}`,
      );
    await sleep(systemClock, 100, signal);
  }
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/health/ready`).then(
    (answer) => answer.ok,
    () => false,
  );
}
