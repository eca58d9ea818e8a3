import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, type LoadReport, readLoadPlan, runLoad } from 'loadline/load';
import { createProcessDriver, type Fleet, type ProcessDriver, type TrafficGate } from 'loadline/scaling';
import { openPool, type Pool, type ProxyDriver } from 'loadline/traffic';

export interface ProxyUnderLoad {
  readonly driver: ProxyDriver;
  readonly url: string;
  /** How long changes wait for each other, where each costs a reload. */
  readonly batchMs?: number;
}

export interface FleetOptions {
  /** For how long it is measured what the smallest fleet carries. Default 1 s. */
  readonly measureSeconds?: number;
  /** Of steady load before and after whatever is done. Default 250. */
  readonly settledMs?: number;
}

/** What went through the proxy meanwhile. */
export interface Carried {
  readonly sent: number;
  /** Requests without an answer, or with a wrong one. */
  readonly lost: { readonly GET: number; readonly POST: number };
  /** An example of each kind of failure. */
  readonly why: readonly string[];
}

/** The smallest fleet. */
export const smallest = 2;
/** What each instance is admitted at once; others wait for it. */
const requestsAtOnce = 4;
const workMs = 20;
/** No fleet carries more than this, however fast the machine is. */
export const capacityAtMost: number = (smallest * requestsAtOnce * 1000) / workMs;
const loadRatio = 0.6;
const { signal } = new AbortController();

/**
 * Instances of a service as processes before a proxy, kept by the process driver. What the smallest fleet carries is measured;
 * everything is then done to it at 60 % of that, with requests that come whether others were answered or not.
 */
export class FleetUnderLoad implements AsyncDisposable {
  readonly driver: ProcessDriver;
  readonly pool: Pool;
  /** Requests a second that the smallest fleet answers, of as many users as want to. */
  capacityPerSecond = 0;
  readonly #url: string;
  readonly #options: Required<FleetOptions>;
  #folder = '';

  constructor({ driver, url, batchMs = 0 }: ProxyUnderLoad, options: FleetOptions = {}) {
    this.#url = url;
    this.#options = { measureSeconds: 1, settledMs: 250, ...options };
    this.pool = openPool({ clock: systemClock, drivers: [driver], intervalMs: 500, settleMs: 20, batchMs });
    const gate: TrafficGate = {
      admit: ({ id, host, port }, stop) => this.pool.join({ id, host, port }, stop),
      withdraw: ({ id, graceMs }, stop) => this.pool.leave(id, { graceMs }, stop),
    };
    const api = {
      command: process.execPath,
      args: [fileURLToPath(new URL('./instance.mjs', import.meta.url))],
      environment: { WORK_MS: String(workMs) },
      // As where no control group can be made, so that it is the same on every machine.
      quota: { cores: 1, otherwise: { variable: 'REQUESTS_AT_ONCE', requestsAtOnce } },
      restartDelayMs: 300,
      drainGraceMs: 10_000,
    };
    this.driver = createProcessDriver({
      ...{ clock: systemClock, services: { api }, gate },
      controlGroups: '/nowhere',
    });
  }

  async open(): Promise<this> {
    this.#folder = await mkdtemp(join(tmpdir(), 'loadline-faults-'));
    await this.resize(smallest);
    const report = await this.#load(`hold: { users: 32, for: ${this.#options.measureSeconds}s }`);
    const { requests, errors, failures } = report.total;
    if (errors > 0)
      throw new Error(`The fleet fails before anything is done to it: ${JSON.stringify(failures)}`);
    this.capacityPerSecond = requests / (report.activeMs / 1000);
    return this;
  }

  get ratePerSecond(): number {
    return Math.floor(this.capacityPerSecond * loadRatio);
  }

  async resize(replicas: number): Promise<Fleet> {
    await this.driver.apply('api', replicas, signal);
    return this.until(({ ready, instances }) => ready === replicas && instances.length === replicas);
  }

  /** Replaces every instance by a new one. */
  async restart(): Promise<Fleet> {
    await this.driver.restart('api', signal);
    return this.until(({ restart }) => restart?.state !== 'going');
  }

  /** Ends the process of one from one moment to the next, and waits for the one that comes instead of it. */
  async killOne(): Promise<Fleet> {
    const { ready, instances } = await this.fleet();
    const [victim] = instances;
    const restartsBefore = victim?.restarts ?? 0;
    const said = this.driver.output('api').get(victim?.id ?? '') ?? [];
    process.kill(Number(said.at(-1)?.split(' ').at(-1)), 'SIGKILL');
    return this.until(
      (fleet) => fleet.ready === ready && fleet.instances[0]?.restarts === restartsBefore + 1,
    );
  }

  /** How many requests each instance has answered. */
  async served(): Promise<readonly number[]> {
    const { instances } = await this.fleet();
    return Promise.all(instances.map(async ({ url }) => Number(await (await fetch(`${url}/served`)).text())));
  }

  async fleet(): Promise<Fleet> {
    const observed = await this.driver.observe('api', signal);
    if (observed.kind === 'unseen') throw new Error(observed.because);
    return observed;
  }

  async until(isReached: (fleet: Fleet) => boolean): Promise<Fleet> {
    for (let looks = 0; looks < 3000; looks++) {
      const fleet = await this.fleet();
      if (isReached(fleet)) return fleet;
      await pause(10);
    }
    throw new Error(`Not reached: ${JSON.stringify(await this.fleet())}`);
  }

  /** Does something while requests come at 60 % of what the smallest fleet carries; one in eight is a POST. */
  async under(work: () => Promise<unknown>): Promise<Carried> {
    const { settledMs } = this.#options;
    const ending = new AbortController();
    const loading = this.#load(`arrivals: { rate: ${this.ratePerSecond}/s, for: 600s }`, ending.signal);
    await pause(settledMs);
    await work();
    await pause(settledMs);
    ending.abort();
    const { total, endpoints } = await loading;
    const lost = (name: string): number => endpoints.find((each) => each.name === name)?.errors ?? 0;
    return {
      sent: total.requests,
      lost: { GET: lost('look'), POST: lost('change') },
      why: Object.entries(total.failures).map(([reason, { example }]) => `${reason}: ${example}`),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.close();
    await this.pool.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #load(stage: string, stop?: AbortSignal): Promise<LoadReport> {
    const file = join(this.#folder, 'load.yaml');
    await writeFile(file, scenario(stage));
    const plan = await readLoadPlan(file, { target: this.#url });
    const address = '127.0.0.1';
    const transport = createHttp1Transport({ target: new URL(plan.target), address, clock: systemClock });
    return runLoad(plan, { transport, ...(stop === undefined ? {} : { signal: stop }) });
  }
}

function scenario(stage: string): string {
  return `
name: faults
seed: 1
scenarios:
  look:
    weight: 7
    steps: [{ get: /, name: look }]
  change:
    weight: 1
    steps: [{ post: /, name: change, body: something }]
load:
  - ${stage}
`;
}
