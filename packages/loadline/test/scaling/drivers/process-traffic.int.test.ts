import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom, systemClock } from 'loadline/base';
import { createProcessDriver, type Fleet, type ProcessDriver, type TrafficGate } from 'loadline/scaling';
import { type EmbeddedProxy, openEmbeddedProxy, openPool, type Pool } from 'loadline/traffic';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('./services/service.mjs', import.meta.url));
const { signal } = new AbortController();

/** Real processes behind a real proxy, and clients that never pause. */
class Service implements AsyncDisposable {
  readonly driver: ProcessDriver;
  readonly failures: string[] = [];
  answered = 0;
  readonly #proxy: EmbeddedProxy;
  readonly #pool: Pool;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #clients: readonly Promise<void>[];
  #isStopped = false;

  constructor(proxy: EmbeddedProxy) {
    this.#proxy = proxy;
    this.#pool = openPool({ clock: systemClock, drivers: [proxy], settleMs: 20 });
    const gate: TrafficGate = {
      admit: ({ id, host, port }, stop) => this.#pool.join({ id, host, port }, stop),
      withdraw: ({ id, graceMs }, stop) => this.#pool.leave(id, { graceMs }, stop),
    };
    const api = { command: process.execPath, args: [script], environment: {}, restartDelayMs: 100 };
    this.driver = createProcessDriver({ clock: systemClock, services: { api }, gate });
    this.#clients = Array.from({ length: 4 }, () => this.#ask());
  }

  async resize(replicas: number): Promise<Fleet> {
    await this.driver.apply('api', replicas, signal);
    return this.until(({ ready, instances }) => ready === replicas && instances.length === replicas);
  }

  async until(isReached: (fleet: Fleet) => boolean): Promise<Fleet> {
    for (let looks = 0; looks < 1500; looks++) {
      const fleet = await this.driver.observe('api', signal);
      if (fleet.kind === 'seen' && isReached(fleet)) return fleet;
      await pause(10);
    }
    throw new Error(`Not reached: ${JSON.stringify(await this.driver.observe('api', signal))}`);
  }

  async carries(requests: number): Promise<void> {
    const until = this.answered + requests;
    await expect.poll(() => this.answered, { timeout: 20_000 }).toBeGreaterThan(until);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    await this.driver.close();
    await this.#pool.close();
    await this.#proxy[Symbol.asyncDispose]();
  }

  async #ask(): Promise<void> {
    await this.until(({ ready }) => ready > 0);
    while (!this.#isStopped) {
      const failure = await new Promise<string | undefined>((resolve) => {
        get({ port: this.#proxy.port, agent: this.#agent }, (response) => {
          response
            .resume()
            .once('end', () => resolve(response.statusCode === 200 ? undefined : `${response.statusCode}`));
        }).once('error', (error) => resolve(error.message));
      });
      if (failure === undefined) this.answered++;
      else this.failures.push(failure);
      await pause(2);
    }
  }
}

it('processes come and go behind a proxy, and no request is lost, not by one that is killed either', async () => {
  const proxy = await openEmbeddedProxy({ clock: systemClock, random: createRandom(1) });
  await using service = new Service(proxy);
  await service.resize(2);
  await service.carries(50);
  const { instances } = await service.resize(6);
  await service.carries(100);

  const [victim] = instances;
  const said = service.driver.output('api').get(victim?.id ?? '') ?? [];
  process.kill(Number(said.at(-1)?.split(' ').at(-1)), 'SIGKILL');
  await service.until((fleet) => fleet.ready === 6 && fleet.instances[0]?.restarts === 1);
  await service.carries(100);

  await service.resize(2);
  await service.carries(50);
  expect(service.failures).toEqual([]);
  expect(service.driver.passages).toMatchObject({ drained: 4, overdue: 0, unverified: 0 });
});
