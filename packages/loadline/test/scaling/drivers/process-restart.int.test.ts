import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isLoadlineError, systemClock } from 'loadline/base';
import { createProcessDriver, type Fleet, type ProcessDriver, type ServiceCommand } from 'loadline/scaling';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeScalingDriver } from '../../contracts/scaling-driver-contract.ts';

const script = fileURLToPath(new URL('./services/service.mjs', import.meta.url));
const leaver = fileURLToPath(new URL('./services/left-behind.mjs', import.meta.url));
const { signal } = new AbortController();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadline-instances-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(services: Readonly<Record<string, ServiceCommand>> = { api: service() }): ProcessDriver {
  return createProcessDriver({ clock: systemClock, services, replicasMax: 4, folder });
}

function service(): ServiceCommand {
  return { command: process.execPath, args: [script], environment: {}, restartDelayMs: 20 };
}

/** Two instances whose driver was killed. */
async function leaveBehind(): Promise<readonly number[]> {
  const child = spawn(process.execPath, ['--conditions=loadline-source', leaver, folder, script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  return recorded().map(({ running }) => running.pid);
}

interface Recorded {
  readonly id: string;
  readonly running: { readonly pid: number; readonly port: number };
}

function recorded(): readonly Recorded[] {
  return JSON.parse(readFileSync(join(folder, 'instances.json'), 'utf8')).groups.api.instances;
}

async function observe(driver: ProcessDriver): Promise<Fleet> {
  const observed = await driver.observe('api', signal);
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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0) && readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ') === false;
  } catch {
    return false;
  }
}

describeScalingDriver('processes that are written down', async () => {
  const own = mkdtempSync(join(tmpdir(), 'loadline-instances-'));
  const driver = createProcessDriver({
    clock: systemClock,
    services: { api: service() },
    replicasMax: 4,
    folder: own,
  });
  return {
    driver,
    pass: () => pause(20),
    async crashOne() {
      const { instances } = await observe(driver);
      const lines = driver.output('api').get(instances[0]?.id ?? '') ?? [];
      process.kill(Number(lines.at(-1)?.split(' ').at(-1)), 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await driver.close();
      rmSync(own, { recursive: true });
    },
  };
});

describe('instances whose driver was killed', () => {
  it('are taken up by the next one: none is lost, none is doubled', async () => {
    const pids = await leaveBehind();
    expect(pids.filter(isAlive)).toHaveLength(2);
    await using driver = start();
    const fleet = await until(driver, ({ ready }) => ready === 2);
    expect(fleet).toMatchObject({ wanted: 2, starting: 0, stopping: 0 });
    expect(recorded().map(({ running }) => running.pid)).toEqual(pids);
    expect(fleet.instances.map(({ restarts }) => restarts)).toEqual([0, 0]);
    expect([...driver.output('api').values()].flat()).toContain(`listening as ${pids[0]}`);

    await driver.apply('api', 3, signal);
    const { instances } = await until(driver, ({ ready }) => ready === 3);
    expect(new Set(instances.map(({ id }) => id)).size, 'no name is given twice').toBe(3);
  });

  it('are started again when they end, and stopped when they are not wanted', async () => {
    const [first = 0, second = 0] = await leaveBehind();
    await using driver = start();
    await until(driver, ({ ready }) => ready === 2);
    process.kill(first, 'SIGKILL');
    const { instances } = await until(
      driver,
      ({ ready, instances: [one] }) => ready === 2 && one?.restarts === 1,
    );
    expect(instances[0]?.restarts).toBe(1);
    await driver.close();
    expect(isAlive(second)).toBe(false);
    expect(recorded()).toEqual([]);
  });

  it('are replaced where they ended meanwhile', async () => {
    const [first = 0, second = 0] = await leaveBehind();
    process.kill(first, 'SIGKILL');
    while (isAlive(first)) await pause(5);
    await using driver = start();
    await until(driver, ({ ready }) => ready === 2);
    const pids = recorded().map(({ running }) => running.pid);
    expect(pids).toContain(second);
    expect(pids).not.toContain(first);
  });

  it('are stopped where their service is not described any more', async () => {
    const pids = await leaveBehind();
    const driver = start({ other: service() });
    await driver.close();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('say where to read why they crash', async () => {
    const api = { ...service(), environment: { MODE: 'crash' }, restartDelayMs: 60_000 };
    await using driver = start({ api });
    await driver.apply('api', 1, signal);
    const { instances } = await until(driver, ({ instances: [only] }) => only?.state === 'waiting');
    const [, line, path = 'nowhere'] =
      /^exited with 3 after [^:]+: (.+); starts again in .+; what it wrote is in (.+)$/.exec(
        instances[0]?.remark ?? '',
      ) ?? [];
    expect([line, isAbsolute(path)]).toEqual(['cannot find its configuration', true]);
    expect(readFileSync(path, 'utf8')).toContain('cannot find its configuration');
    await driver.apply('api', 0, signal);
    await until(driver, (fleet) => fleet.instances.length === 0);
    expect(readFileSync(join(folder, 'api-last-crash.log'), 'utf8')).toContain('cannot find its');
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('are not touched by one that is held and never begins, and are taken up by one that does', async () => {
    const pids = await leaveBehind();
    const written = recorded();
    const held = createProcessDriver({
      clock: systemClock,
      services: { other: service() },
      folder,
      isHeld: true,
    });
    const seen = held.observe('other', signal);
    const applied = held.apply('other', 2, signal);
    await held.close();
    expect(await seen).toMatchObject({ kind: 'unseen' });
    expect(await applied).toMatchObject({ kind: 'refused' });
    expect(pids.filter(isAlive)).toEqual(pids);
    expect(recorded()).toEqual(written);

    await using driver = createProcessDriver({
      clock: systemClock,
      services: { api: service() },
      folder,
      isHeld: true,
    });
    const first = driver.observe('api', signal);
    driver.begin();
    expect(await first).toMatchObject({ kind: 'seen', wanted: 2 });
    await until(driver, ({ ready }) => ready === 2);
    expect(recorded().map(({ running }) => running.pid)).toEqual(pids);
  });

  it('are not mistaken for another process that has got their number', async () => {
    const [first = 0] = await leaveBehind();
    const path = join(folder, 'instances.json');
    const text = readFileSync(path, 'utf8');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    process.kill(first, 'SIGKILL');
    writeFileSync(path, text.replace(`"pid":${first},`, `"pid":${child.pid},`));
    try {
      await using driver = start();
      await until(driver, ({ ready }) => ready === 2);
      await driver.apply('api', 0, signal);
      await until(driver, ({ instances }) => instances.length === 0);
      expect(child.exitCode).toBeNull();
      expect(isAlive(child.pid as number)).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('a rolling restart whose driver was killed', () => {
  it('is over: the next driver tells of it, and keeps as many as are wanted', async () => {
    const pids = await leaveBehind();
    const path = join(folder, 'instances.json');
    const record = JSON.parse(readFileSync(path, 'utf8'));
    const [first] = recorded();
    // As it was when one of two had been replaced: the other old one stays.
    record.groups.api.restart = { startedAtMs: 1000, old: ['api-0', first?.id] };
    writeFileSync(path, JSON.stringify(record));
    await using driver = start();
    const fleet = await until(driver, ({ ready }) => ready === 2);
    expect(fleet.restart).toMatchObject({ state: 'stopped', startedAtMs: 1000, of: 2, replaced: 1 });
    expect(recorded().map(({ running }) => running.pid)).toEqual(pids);

    await driver.restart('api', signal);
    expect(JSON.parse(readFileSync(path, 'utf8')).groups.api.restart.old).toHaveLength(2);
    await until(driver, ({ restart }) => restart?.state === 'done');
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('says where to read why a new one crashed, also when that is gone', async () => {
    await leaveBehind();
    await using driver = start({ api: { ...service(), environment: { MODE: 'crash' } } });
    await until(driver, ({ ready }) => ready === 2);
    await driver.restart('api', signal);
    const { restart, ready } = await until(driver, ({ instances, restart: now }) => {
      return now?.state === 'stopped' && instances.length === 2;
    });
    const because = restart?.state === 'stopped' ? restart.because : '';
    expect([ready, because]).toEqual([
      2,
      expect.stringMatching(
        /^api-\d exited with 3 after .+: cannot find its configuration; what it wrote is in \/.+\/api-last-crash\.log$/,
      ),
    ]);
    expect(readFileSync(join(folder, 'api-last-crash.log'), 'utf8')).toContain('cannot find its');
  });
});

describe('a record that is damaged', () => {
  it.each(['{ broken', '{"made":1,"groups":{"api":{"wanted":1,"instances":[{"id":"api-1"}]}}}'])(
    'is an error, because what runs would be forgotten: %s',
    (text) => {
      writeFileSync(join(folder, 'instances.json'), text);
      const error = (() => {
        try {
          return start();
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(isLoadlineError(error, 'SCALING_RECORD_UNREADABLE')).toBe(true);
    },
  );
});
