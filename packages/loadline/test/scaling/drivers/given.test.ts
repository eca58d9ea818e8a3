import { createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createGivenDriver,
  type Fleet,
  type GivenDriver,
  type GivenServer,
  type GivenServers,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { describeScalingDriver } from '../../contracts/scaling-driver-contract.ts';
import { SimulatedGate } from './simulated-gate.ts';

const { signal } = new AbortController();

interface Server extends GivenServer {
  readonly words: string[];
  crash(): void;
}

interface Stage {
  readonly clock: VirtualClock;
  readonly driver: GivenDriver;
  readonly gate: SimulatedGate;
  readonly servers: Server[];
  /** Whether those that are looked at say that they are ready. */
  isWell: boolean;
  fleet(): Promise<Fleet>;
}

/** Servers that take a second to start, and another to stop. */
function stage(further: Partial<GivenServers> = {}): Stage {
  const clock = createVirtualClock();
  const gate = new SimulatedGate();
  const servers: Server[] = [];
  const start = async (): Promise<GivenServer> => {
    await new Promise<void>((resolve) => clock.setTimer(resolve, 1000));
    const end = Promise.withResolvers<string>();
    const words: string[] = [];
    const server: Server = {
      ...{ host: '10.0.0.1', port: 5000 + servers.length, url: 'postgres://10.0.0.1/shop', words },
      isReady: async () => on.isWell,
      ended: end.promise,
      stop() {
        words.push('stop');
        clock.setTimer(() => end.resolve('stopped'), 1000);
      },
      kill() {
        words.push('kill');
        end.resolve('was killed');
      },
      crash: () => end.resolve('exited with 1'),
    };
    servers.push(server);
    return server;
  };
  const groups = { api: { start, replicasMax: 4, lookMs: 100, restartDelayMs: 100, ...further } };
  const driver = createGivenDriver({ clock, gate, groups });
  const fleet = async (): Promise<Fleet> => {
    const observed = await driver.observe('api', signal);
    if (observed.kind === 'unseen') throw new Error(observed.because);
    return observed;
  };
  const on: Stage = { clock, driver, gate, servers, isWell: true, fleet };
  return on;
}

describeScalingDriver('what is started and stopped by somebody else', async () => {
  const { clock, driver, servers } = stage();
  return {
    driver,
    pass: () => clock.advance(100),
    crashOne: async () => servers[0]?.crash(),
    async [Symbol.asyncDispose]() {
      const closed = driver.close();
      await clock.advance(100_000);
      await closed;
    },
  };
});

describe('the driver that is given how to start and stop', () => {
  it('lets one in when it is ready, takes it out before it is stopped', async () => {
    const { clock, driver, gate, servers } = stage();
    await driver.apply('api', 1, signal);
    await clock.advance(1500);
    expect([gate.asked, gate.inside.get('api-1')?.port]).toEqual([['admit api-1'], 5000]);
    gate.withdrawing = async () => {
      expect(servers[0]?.words).toEqual([]);
      return { kind: 'drained' };
    };
    await driver.apply('api', 0, signal);
    await clock.advance(1500);
    expect([servers[0]?.words[0], driver.passages.drained]).toEqual(['stop', 1]);
  });

  it('says why one could not be started, and tries again later and later', async () => {
    let attempts = 0;
    const start = async (): Promise<GivenServer> => {
      attempts++;
      throw new Error('the cloud is full');
    };
    const { clock, driver, fleet } = stage({ start });
    await driver.apply('api', 1, signal);
    await clock.advance(1);
    expect((await fleet()).instances[0]).toMatchObject({
      state: 'waiting',
      remark: 'could not be started: the cloud is full; starts again in 100 ms',
    });
    await clock.advance(1600);
    expect(attempts).toBe(5);
  });

  it('starts one anew that is not ready any more for long', async () => {
    const on = stage({ hangAfterMs: 2000 });
    await on.driver.apply('api', 1, signal);
    await on.clock.advance(1500);
    expect(await on.fleet()).toMatchObject({ ready: 1 });
    on.isWell = false;
    let remark: string | undefined;
    for (let looks = 0; remark === undefined && looks < 100; looks++) {
      await on.clock.advance(50);
      remark = (await on.fleet()).instances[0]?.remark;
    }
    expect(remark).toMatch(/^was not ready any more for 2 s/);
    on.isWell = true;
    await on.clock.advance(2000);
    expect(await on.fleet()).toMatchObject({ ready: 1, instances: [{ restarts: 1 }] });
  });

  it('sends nothing more to a broken one that does not end when it is killed, and starts no other beside it', async () => {
    const end = Promise.withResolvers<string>();
    let starts = 0;
    const start = async (): Promise<GivenServer> => {
      const ended = ++starts === 1 ? end.promise : new Promise<string>(() => undefined);
      const server = { host: '10.0.0.1', port: 1, url: '', stop: () => undefined, kill: () => undefined };
      return { ...server, isReady: async () => on.isWell, ended };
    };
    const on = stage({ start, hangAfterMs: 2000 });
    await on.driver.apply('api', 1, signal);
    await on.clock.advance(500);
    on.isWell = false;
    await on.clock.advance(5000);
    expect(on.gate.asked).toEqual(['admit api-1', 'withdraw api-1 0']);
    expect(await on.fleet()).toMatchObject({
      ...{ ready: 0, starting: 1 },
      instances: [
        { state: 'waiting', remark: 'was not ready any more for 2 s; was killed, and has not ended yet' },
      ],
    });
    expect(starts).toBe(1);
    end.resolve('was killed');
    on.isWell = true;
    await on.clock.advance(500);
    expect([starts, (await on.fleet()).instances[0]?.restarts]).toEqual([2, 1]);
  });

  it('gives one up that does not become ready', async () => {
    const on = stage({ readyTimeoutMs: 3000 });
    on.isWell = false;
    await on.driver.apply('api', 1, signal);
    await on.clock.advance(4050);
    expect((await on.fleet()).instances[0]?.remark).toMatch(/^was not ready within 3 s/);
    expect(on.servers[0]?.words).toContain('kill');
  });

  it('stops one that comes when it is not wanted any more', async () => {
    const { clock, driver, servers, gate } = stage();
    await driver.apply('api', 1, signal);
    await clock.advance(500);
    const closed = driver.close();
    await clock.advance(3000);
    await closed;
    expect([servers[0]?.words[0], gate.asked]).toEqual(['stop', []]);
    expect(await driver.apply('api', 1, signal)).toEqual({
      kind: 'refused',
      because: 'the driver was closed',
    });
    expect(clock.pending).toBe(0);
  });

  it('makes no more than it was told', async () => {
    const { driver } = stage();
    for (const replicas of [5, -1, 0.5])
      expect(await driver.apply('api', replicas, signal)).toMatchObject({ kind: 'refused' });
  });

  it('counts a start that does not come to an end as a crash, and ends one that comes after all', async () => {
    const late = Promise.withResolvers<GivenServer>();
    let killed = 0;
    const signals: AbortSignal[] = [];
    const start = (_: string, stop: AbortSignal): Promise<GivenServer> => {
      signals.push(stop);
      return late.promise;
    };
    const { clock, driver, fleet } = stage({ start, readyTimeoutMs: 20_000, restartDelayMs: 5000 });
    await driver.apply('api', 1, signal);
    await clock.advance(20_000);
    expect((await fleet()).instances[0]).toMatchObject({
      state: 'waiting',
      remark: 'could not be started: it was not there within 20 s; starts again in 5 s',
    });
    expect(signals[0]?.aborted).toBe(true);
    late.resolve({
      ...{ host: '10.0.0.1', port: 1, url: '', isReady: async () => true, stop: () => undefined },
      ended: new Promise(() => undefined),
      kill: () => void killed++,
    });
    await clock.advance(0);
    expect(killed).toBe(1);
  });

  it('does not wait for ever for the end of one that was killed, and says which it is', async () => {
    let made = 0;
    const start = async (): Promise<GivenServer> => {
      const end = Promise.withResolvers<string>();
      // The second never tells its end.
      const kill = ++made === 2 ? () => undefined : () => end.resolve('was killed');
      const server = { host: '10.0.0.1', port: made, url: '', isReady: async () => true, ended: end.promise };
      return { ...server, stop: () => undefined, kill };
    };
    const { clock, driver, fleet } = stage({ start, drainGraceMs: 1000, killLimitMs: 5000 });
    await driver.apply('api', 3, signal);
    await clock.advance(1500);
    let isClosed = false;
    const closed = driver
      .close()
      .catch((error: unknown) => error)
      .finally(() => {
        isClosed = true;
      });
    await clock.advance(5900);
    expect(isClosed).toBe(false);
    expect((await fleet()).instances).toMatchObject([{ id: 'api-2', state: 'draining' }]);
    await clock.advance(200);
    expect((await fleet()).instances[0]?.remark).toMatch(/had not ended 5 s after it was killed$/);
    expect(await closed).toMatchObject({
      code: 'SCALING_SERVERS_LEFT',
      message:
        'Cannot end every given server: api-2 had not ended in time after the kill, and may be there still. Look where they were started, and end them there.',
      facts: { servers: ['api-2'] },
    });
    await expect(driver.close()).rejects.toMatchObject({ code: 'SCALING_SERVERS_LEFT' });
    expect(clock.pending).toBe(0);
  });

  it('waits no longer for one that outlives its kill, neither to scale in nor to replace the others', async () => {
    const ends = new Map<string, PromiseWithResolvers<string>>();
    const start = async (id: string): Promise<GivenServer> => {
      const end = Promise.withResolvers<string>();
      ends.set(id, end);
      const kill = id === 'api-1' ? () => undefined : () => end.resolve('was killed');
      const server = { host: '10.0.0.1', port: 5000 + ends.size, url: '', ended: end.promise };
      return { ...server, isReady: async () => true, stop: () => undefined, kill };
    };
    const { clock, driver, fleet } = stage({ start, drainGraceMs: 1000, killLimitMs: 5000 });
    await driver.apply('api', 2, signal);
    await clock.advance(1500);
    await driver.restart('api', signal);
    await clock.advance(5000);
    expect(await fleet()).toMatchObject({ ready: 2, stopping: 1, restart: { state: 'going', replaced: 0 } });
    await clock.advance(10_000);
    const after = await fleet();
    expect(after).toMatchObject({
      ready: 2,
      starting: 0,
      stopping: 0,
      restart: { state: 'done', replaced: 2 },
    });
    const remark = expect.stringMatching(/had not ended 5 s after it was killed$/);
    expect(after.instances).toContainEqual(
      expect.objectContaining({ id: 'api-1', state: 'draining', remark }),
    );
    ends.get('api-1')?.resolve('is gone after all');
    await clock.advance(100);
    expect((await fleet()).instances.map(({ id }) => id)).toEqual(['api-3', 'api-4']);
    const closed = driver.close();
    await clock.advance(10_000);
    await closed;
  });

  it('survives a stop and a kill that throw, and counts them', async () => {
    const end = Promise.withResolvers<string>();
    const start = async (): Promise<GivenServer> => ({
      ...{ host: '10.0.0.1', port: 1, url: '', isReady: async () => true, ended: end.promise },
      async stop() {
        throw new Error('no such machine');
      },
      kill() {
        throw new Error('no such machine');
      },
    });
    const { clock, driver, fleet } = stage({ start, drainGraceMs: 1000 });
    await driver.apply('api', 1, signal);
    await clock.advance(500);
    await driver.apply('api', 0, signal);
    await clock.advance(5000);
    expect([driver.unheeded, (await fleet()).stopping]).toEqual([2, 1]);
    end.resolve('gone');
    await clock.advance(0);
    expect((await fleet()).instances).toEqual([]);
  });
});
