import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from 'loadline/base';
import {
  createProcessDriver,
  type Fleet,
  type Instance,
  type ProcessDriver,
  type ProcessDriverOptions,
  type ServiceCommand,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { untilSilent } from '../../../src/scaling/drivers/ready-check.ts';
import { describeScalingDriver } from '../../contracts/scaling-driver-contract.ts';
import { SimulatedGate } from './simulated-gate.ts';

const script = fileURLToPath(new URL('./services/service.mjs', import.meta.url));

function service(further: Partial<ServiceCommand> = {}): ServiceCommand {
  return { command: process.execPath, args: [script], environment: {}, restartDelayMs: 20, ...further };
}

function start(
  further: Partial<ServiceCommand> = {},
  options: Partial<ProcessDriverOptions> = {},
): ProcessDriver {
  const services = { api: service(further) };
  return createProcessDriver({ clock: systemClock, services, replicasMax: 4, ...options });
}

// Without a balancer they are in process-restart.int.test.ts.
describeScalingDriver('processes behind a balancer', async () => {
  const driver = start({}, { gate: new SimulatedGate() });
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

  it.runIf(process.platform === 'linux')(
    'need not be asked how much of the processor it has used',
    async () => {
      await using driver = start();
      await apply(driver, 1);
      const { instances } = await until(driver, ({ ready }) => ready === 1);
      const told = Number(await (await fetch(`${instances[0]?.url}/cpu`)).text());
      const counted = (await observe(driver)).instances[0]?.cpuMs ?? Number.NaN;
      // The system counts by tens of milliseconds, and the answer itself has taken some.
      expect(counted / told).toBeGreaterThan(0.5);
      expect(counted / told).toBeLessThan(2);
    },
  );

  it('is ready when it says so, not when it listens', async () => {
    await using driver = start({ environment: { READY_AFTER_MS: '300' } });
    await apply(driver, 1);
    await until(driver, () => output(driver).some((line) => line.startsWith('listening')));
    expect(await observe(driver)).toMatchObject({ ready: 0, starting: 1 });
    await until(driver, ({ ready }) => ready === 1);
  });

  it.each(['HTTP/1.1 200 OK\r\nx: ', 'HTTP/1.1 200 OK\r\n\r\n'])(
    'is not looked at for ever where its answer has no end: %j',
    async (head) => {
      const open = new Set<Socket>();
      await using server = createServer((socket) => {
        open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
        socket.write(head);
        const timer = setInterval(() => socket.write('a'), 5);
        socket.on('close', () => clearInterval(timer));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const end = new AbortController();
      const looking = untilSilent({ clock: systemClock, url, hangAfterMs: 400, signal: end.signal });
      const first = await Promise.race([looking, pause(900, 'goes on' as const)]);
      // Who begins with an answer is alive; but it is asked again and again, and not listened to for ever.
      expect(first).toBe(head.endsWith('\r\n\r\n') ? 'goes on' : 'silent');
      expect(open.size).toBeLessThanOrEqual(3);
      end.abort();
      await looking;
    },
  );

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
    const hasEnded = ({ instances: [only] }: Fleet): boolean =>
      only?.remark?.includes('starts again') === true;
    const { instances } = await until(driver, hasEnded);
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
    expect(instances[0]?.remark).toBe(
      'could not be started: there is no file /nowhere/service: correct the command; starts again in 5 s',
    );
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

describe('a process behind a balancer', () => {
  it('hears SIGTERM only when its last request is answered and none can follow', async () => {
    const gate = new SimulatedGate();
    await using driver = start({}, { gate });
    await apply(driver, 1);
    await until(driver, ({ ready }) => ready === 1);
    const { host, port } = gate.inside.get('api-1') ?? {};
    const slow = fetch(`http://${host}:${port}/slow`, { headers: { connection: 'close' } });
    gate.withdrawing = async () => {
      await (await slow).text();
      expect(output(driver)).not.toContain('draining');
      return { kind: 'drained' };
    };
    await apply(driver, 0);
    await until(driver, ({ instances }) => instances.length === 0);
    expect(driver.passages).toEqual({ drained: 1, overdue: 0, unverified: 0, notAdmitted: 0 });
  });

  it('that is killed while it leaves, or ignores SIGTERM, is gone in the end, and out of the traffic', async () => {
    const gate = new SimulatedGate();
    await using driver = start({ environment: { MODE: 'stubborn' }, drainGraceMs: 150 }, { gate });
    await apply(driver, 2);
    const { instances } = await until(driver, ({ ready }) => ready === 2);
    const pids = instances.map(({ id }) => pidOf(driver, id));
    gate.withdrawing = async () => {
      process.kill(pids[1] as number, 'SIGKILL');
      return { kind: 'overdue', inFlight: 2 };
    };
    await apply(driver, 1);
    await until(driver, ({ instances: left }) => left.length === 1);
    gate.withdrawing = async () => ({ kind: 'overdue', inFlight: undefined });
    await apply(driver, 0);
    await until(driver, ({ instances: left }) => left.length === 0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect([gate.inside.size, driver.passages.overdue]).toEqual([0, 2]);
  });

  it('says who leaves and why', async () => {
    const gate = new SimulatedGate();
    await using driver = start({ environment: { READY_AFTER_MS: '10' } }, { gate });
    await apply(driver, 2);
    const { instances } = await until(driver, ({ ready }) => ready === 2);
    gate.busy = { [instances[1]?.id ?? '']: 500 };
    const drained = Promise.withResolvers<{ kind: 'drained' }>();
    gate.withdrawing = () => drained.promise;
    await apply(driver, 1);
    const leaving = (await observe(driver)).instances.find(({ state }) => state === 'draining');
    expect([leaving?.id, leaving?.remark]).toEqual([
      instances[0]?.id,
      'leaves because it has the least in flight, 0',
    ]);
    drained.resolve({ kind: 'drained' });
  });
});

describe('a share of the machine', () => {
  const quota = { cores: 0.5, otherwise: { variable: 'REQUESTS_AT_ONCE', requestsAtOnce: 8 } };

  it('is kept by the instance itself where no control group can be made, and that is said', async () => {
    await using driver = start({ quota }, { controlGroups: '/nowhere' });
    await apply(driver, 1);
    const { instances, quota: holds } = await until(driver, ({ ready }) => ready === 1);
    const environment = await (await fetch(`${instances[0]?.url}/environment`)).json();
    expect(environment).toMatchObject({ REQUESTS_AT_ONCE: '8' });
    expect(holds).toEqual({
      by: 'admission',
      requestsAtOnce: 8,
      because: 'no control group can be made: /nowhere has none that limit the CPU',
    });
  });

  it('is not silently nothing', async () => {
    await using driver = start({ quota: { cores: 1 } }, { controlGroups: '/nowhere' });
    expect(await observe(driver)).toMatchObject({ quota: { by: 'nothing' } });
    await using without = start();
    expect(await observe(without)).not.toHaveProperty('quota');
  });

  it('is wider until the instance is ready, so that a small share is no slow start', async () => {
    // Looks like the system's folder of control groups; its files keep what is written, and limit nothing.
    const controlGroups = mkdtempSync(join(tmpdir(), 'loadline-groups-'));
    writeFileSync(join(controlGroups, 'cgroup.controllers'), 'cpu\n');
    const shareOf = (id: string): string =>
      readFileSync(join(controlGroups, `loadline-${process.pid}`, id, 'cpu.max'), 'utf8');
    await using driver = start({ quota, environment: { READY_AFTER_MS: '500' } }, { controlGroups });
    await apply(driver, 1);
    const { instances } = await until(driver, ({ instances: [first] }) => first?.url !== undefined);
    expect([instances[0]?.state, shareOf('api-1')]).toEqual(['starting', '50000 50000']);
    await until(driver, ({ ready }) => ready === 1);
    expect(shareOf('api-1')).toBe('25000 50000');
    rmSync(controlGroups, { recursive: true });
  });

  it('is never done without: who cannot be held to it is ended, and the reason is told', async () => {
    const controlGroups = mkdtempSync(join(tmpdir(), 'loadline-groups-'));
    writeFileSync(join(controlGroups, 'cgroup.controllers'), 'cpu\n');
    await using driver = start({ quota, environment: { READY_AFTER_MS: '500' } }, { controlGroups });
    await apply(driver, 1);
    await until(driver, ({ instances: [first] }) => first?.url !== undefined);
    rmSync(controlGroups, { recursive: true });
    const { instances } = await until(driver, ({ instances: [first] }) => first?.state === 'waiting');
    expect(instances[0]?.remark).toMatch(/^could not be held to its share of the CPU \(ENOENT/);
  });

  it('leaves no process behind that could not be put into its group', async () => {
    const controlGroups = mkdtempSync(join(tmpdir(), 'loadline-groups-'));
    writeFileSync(join(controlGroups, 'cgroup.controllers'), 'cpu\n');
    await using driver = start({ quota, restartDelayMs: 60_000 }, { controlGroups });
    await observe(driver);
    rmSync(controlGroups, { recursive: true });
    writeFileSync(controlGroups, 'no folder any more');
    await apply(driver, 1);
    const { instances } = await until(driver, ({ instances: [first] }) => first?.state === 'waiting');
    expect(instances[0]?.remark).toMatch(/^could not be held to its share of the CPU \((ENOTDIR|EEXIST)/);
    rmSync(controlGroups);
  });

  it('is kept by a control group where this machine lets us make one, and else it is said why not', async () => {
    await using driver = start({ quota });
    await apply(driver, 1);
    const { instances, quota: holds } = await until(driver, ({ ready }) => ready === 1);
    const groups = readFileSync(`/proc/${pidOf(driver, instances[0]?.id ?? '')}/cgroup`, 'utf8');
    if (holds?.by === 'control group') expect(groups).toContain(`/loadline-${process.pid}/api-1`);
    else expect(holds).toMatchObject({ by: 'admission', because: expect.stringMatching(/./) });
    await driver.close();
    const folders = ['/sys/fs/cgroup', '/sys/fs/cgroup/cpu'].map(
      (folder) => `${folder}/loadline-${process.pid}`,
    );
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
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
