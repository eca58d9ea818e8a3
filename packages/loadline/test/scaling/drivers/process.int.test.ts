import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from 'loadline/base';
import {
  createProcessDriver,
  type Fleet,
  type Instance,
  type ProcessDriver,
  type ServiceCommand,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { describeScalingDriver } from '../../contracts/scaling-driver-contract.ts';

const script = fileURLToPath(new URL('./services/service.mjs', import.meta.url));

function service(further: Partial<ServiceCommand> = {}): ServiceCommand {
  return { command: process.execPath, args: [script], environment: {}, restartDelayMs: 20, ...further };
}

function start(further: Partial<ServiceCommand> = {}): ProcessDriver {
  return createProcessDriver({ clock: systemClock, services: { api: service(further) }, replicasMax: 4 });
}

describeScalingDriver('processes of this machine', async () => {
  const driver = start();
  return {
    driver,
    pass: () => pause(20),
    async crashOne() {
      const { instances } = await observe(driver);
      process.kill(pidOf(driver, instances[0]?.id ?? ''), 'SIGKILL');
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
});

describe('a process', () => {
  it('gets a port of its own and no environment but what was given', async () => {
    await using driver = start({ environment: { GIVEN: 'yes' } });
    await apply(driver, 2);
    const { instances } = await until(driver, ({ ready }) => ready === 2);
    expect(new Set(instances.map(({ url }) => url)).size).toBe(2);
    const reply = await fetch(`${instances[0]?.url}/environment`);
    const environment = (await reply.json()) as Record<string, string>;
    expect(Object.keys(environment).toSorted()).toEqual(['GIVEN', 'PORT']);
  });

  it('is ready when it says so, not when it listens', async () => {
    await using driver = start({ environment: { READY_AFTER_MS: '300' } });
    await apply(driver, 1);
    await until(driver, () => output(driver).some((line) => line.startsWith('listening')));
    expect(await observe(driver)).toMatchObject({ ready: 0, starting: 1 });
    await until(driver, ({ ready }) => ready === 1);
  });

  it('ends what it has before it stops', async () => {
    await using driver = start();
    await apply(driver, 1);
    const { instances } = await until(driver, ({ ready }) => ready === 1);
    const slow = fetch(`${instances[0]?.url}/slow`, { headers: { connection: 'close' } });
    await pause(50); // Until the request is there: whoever stops before may refuse it.
    await apply(driver, 0);
    expect(await (await slow).text()).toBe('done');
    await until(driver, (fleet) => fleet.instances.length === 0);
  });

  it.each([
    ['heeds no signal', { MODE: 'stubborn' }, false],
    ['is frozen', {}, true],
  ])('is made to stop when it %s and its time is over', async (_, environment, isFrozen) => {
    await using driver = start({ environment, drainGraceMs: 100 });
    await apply(driver, 1);
    const { instances } = await until(driver, ({ ready }) => ready === 1);
    const pid = pidOf(driver, instances[0]?.id ?? '');
    if (isFrozen) process.kill(pid, 'SIGSTOP');
    await apply(driver, 0);
    expect(await observe(driver)).toMatchObject({ stopping: 1 });
    await until(driver, (fleet) => fleet.instances.length === 0);
    expect(isAlive(pid)).toBe(false);
  });

  it('waits longer after each crash, and says what has happened', async () => {
    await using driver = start({ environment: { MODE: 'crash' }, restartDelayMs: 10 });
    await apply(driver, 1);
    const pauses = new Map<number, string>();
    await until(driver, ({ instances: [only] }) => {
      if (only?.state === 'waiting') pauses.set(only.restarts, only.remark ?? '');
      return only !== undefined && only.restarts >= 4;
    });
    const [restarts, remark = ''] = [...pauses].at(-1) ?? [0, ''];
    expect(remark).toMatch(/^exited with 3 after .+; starts again in /);
    expect(remark).toContain(`starts again in ${10 * 2 ** restarts} ms`);
    expect(await observe(driver)).toMatchObject({ ready: 0, starting: 1, wanted: 1 });
    expect(output(driver)).toContain('cannot find its configuration');
  });

  it('counts as crashed when it is not ready in time', async () => {
    await using driver = start({
      environment: { MODE: 'never ready' },
      readyTimeoutMs: 300,
      restartDelayMs: 5000,
    });
    await apply(driver, 1);
    const { instances } = await until(driver, ({ instances: [only] }) => only?.state === 'waiting');
    expect(instances[0]?.remark).toMatch(/^was not ready within 300 ms/);
  });

  it('that hangs after it was ready is killed, and started again', async () => {
    await using driver = start({ hangAfterMs: 200, restartDelayMs: 400 });
    await apply(driver, 1);
    const { instances: before } = await until(driver, ({ ready }) => ready === 1);
    const pid = pidOf(driver, before[0]?.id ?? '');
    process.kill(pid, 'SIGSTOP');
    const { instances } = await until(driver, ({ instances: [only] }) => only?.state === 'waiting');
    expect(instances[0]?.remark).toMatch(/^gave no answer for 200 ms after .+; starts again in/);
    expect(isAlive(pid)).toBe(false);
    await until(driver, ({ ready, instances: [only] }) => ready === 1 && only?.restarts === 1);
  });

  it('that says no after it was ready is alive', async () => {
    await using driver = start({ environment: { MODE: 'ready once' }, hangAfterMs: 100 });
    await apply(driver, 1);
    await until(driver, ({ ready }) => ready === 1);
    await pause(400);
    expect(await observe(driver)).toMatchObject({ ready: 1, instances: [{ restarts: 0 }] });
  });

  it('that cannot be started at all is a crash like others', async () => {
    await using driver = start({ command: '/nowhere/service', restartDelayMs: 5000 });
    await apply(driver, 1);
    const { instances } = await until(driver, ({ instances: [only] }) => only?.state === 'waiting');
    expect(instances[0]?.remark).toMatch(/^could not be started \(.*ENOENT/);
  });

  it('is let go at once while it waits for its next start', async () => {
    await using driver = start({ environment: { MODE: 'crash' }, restartDelayMs: 60_000 });
    await apply(driver, 1);
    await until(driver, ({ instances: [only] }) => only?.state === 'waiting');
    await apply(driver, 0);
    await until(driver, ({ instances }) => instances.length === 0);
  });

  it('that carries nothing goes before one that does', async () => {
    await using driver = start({ environment: { READY_AFTER_MS: '0' } });
    await apply(driver, 1);
    const { instances: before } = await until(driver, ({ ready }) => ready === 1);
    await apply(driver, 2);
    await apply(driver, 1);
    const { instances } = await until(driver, ({ instances: all }) => all.length === 1);
    expect(instances[0]?.id).toBe(before[0]?.id);
  });
});

describe('the process driver', () => {
  it('refuses more than the machine may run, and what is no number of processes', async () => {
    await using driver = start();
    for (const replicas of [5, -1, 1.5, Number.NaN]) {
      expect(await apply(driver, replicas)).toMatchObject({ kind: 'refused' });
    }
    expect(await observe(driver)).toMatchObject({ wanted: 0, instances: [] });
  });

  it('leaves no process behind when it is closed, also of those that are starting', async () => {
    const driver = start();
    await apply(driver, 2);
    await until(driver, ({ ready }) => ready === 2);
    const { instances } = await observe(driver);
    const pids = instances.map(({ id }) => pidOf(driver, id));
    await apply(driver, 3);
    await driver.close();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await observe(driver)).toMatchObject({ wanted: 0, instances: [] });
    expect(await apply(driver, 1)).toMatchObject({ kind: 'refused', because: 'the driver was closed' });
  });
});

function apply(driver: ProcessDriver, replicas: number): ReturnType<ProcessDriver['apply']> {
  return driver.apply('api', replicas, new AbortController().signal);
}

async function observe(driver: ProcessDriver): Promise<Fleet> {
  const observed = await driver.observe('api', new AbortController().signal);
  if (observed.kind === 'unseen') throw new Error(observed.because);
  return observed;
}

async function until(driver: ProcessDriver, isReached: (fleet: Fleet) => boolean): Promise<Fleet> {
  for (let look = 0; look < 2000; look++) {
    const fleet = await observe(driver);
    if (isReached(fleet)) return fleet;
    await pause(5);
  }
  throw new Error(`Not reached: ${JSON.stringify((await observe(driver)).instances)}`);
}

function output(driver: ProcessDriver): string[] {
  return [...driver.output('api').values()].flat();
}

/** As the service itself has told. */
function pidOf(driver: ProcessDriver, id: Instance['id']): number {
  const said = driver
    .output('api')
    .get(id)
    ?.findLast((line) => line.startsWith('listening as '));
  return Number(said?.split(' ').at(-1));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
