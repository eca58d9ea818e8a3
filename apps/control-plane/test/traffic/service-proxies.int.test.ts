import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { startHaproxy } from '../../../../packages/loadline/test/traffic/drivers/haproxy-server.ts';
import { startNginx } from '../../../../packages/loadline/test/traffic/drivers/nginx-server.ts';
import { freePort } from '../free-port.ts';
import { refusedServe, type Served, startServe } from '../served.ts';

const home = mkdtempSync(join(tmpdir(), 'loadline-proxies-'));
const script = fileURLToPath(new URL('./counting-service.mjs', import.meta.url));
const file = join(home, 'services.json');
const args = ['--home', home, '--services', file];
const served: Served[] = [];

afterAll(async () => {
  // Gracefully, so that its services and proxies end with it, also where the test has failed.
  for (const each of served) await each.stop('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});

async function serve(key?: string): Promise<Served> {
  const plane = await startServe(args, key === undefined ? {} : { key });
  served.push(plane);
  return plane;
}

/** The body, or what went wrong. */
function ask(port: number, agent: Agent, path = '/', headers = {}): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () =>
        resolve(response.statusCode === 200 ? text : `${response.statusCode} ${text}`),
      );
      response.on('error', (error) => resolve(error.message));
    });
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
}

const isPid = (text: string): boolean => /^\d+$/.test(text);

/**
 * Asks from four connections without a pause until it is stopped; tells who answered, and what else came.
 *
 * @param attempts for requests of which the connection was ended before an answer.
 */
function load(
  port: number,
  attempts = 1,
): { stop(): Promise<{ pids: Set<string>; failures: string[]; count: number }> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const pids = new Set<string>();
  const failures: string[] = [];
  let count = 0;
  let isOver = false;
  const users = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      let answer = await ask(port, agent);
      // On a new connection: the others of the agent may have been ended at the same time.
      for (let more = 1; more < attempts && /^(socket hang up|read ECONNRESET)$/.test(answer); more++)
        answer = await ask(port, new Agent());
      count++;
      if (isPid(answer)) pids.add(answer);
      else failures.push(answer);
    }
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(users);
      agent.destroy();
      return { pids, failures, count };
    },
  };
}

/** A file with one service, of one instance. */
function writeOne(path: string, further: object): void {
  const replicas = { min: 1, max: 1 };
  const shop = { command: process.execPath, args: [script], policy: 'foodshare/api_servers', replicas };
  writeFileSync(path, JSON.stringify({ services: { shop: { ...shop, ...further } } }));
}

async function until<Value>(look: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

interface Fleet {
  readonly ready: number;
  readonly stopping: number;
  readonly instances: readonly { readonly id: string; readonly remark?: string }[];
  readonly restart?: { readonly state: string };
}

async function fleetOf(plane: Served): Promise<Fleet> {
  const answer = await plane.ask('GET', '/performance/scaling/status');
  return ((await answer.json()) as { items: [{ fleet: Fleet }] }).items[0].fleet;
}

async function scale(plane: Served, replicas: number): Promise<void> {
  const body = { group: 'shop', replicas, reason: 'test' };
  expect((await plane.ask('POST', '/performance/scaling/manual', { body })).status).toBe(200);
  await until(
    () => fleetOf(plane),
    ({ ready, stopping }) => ready === replicas && stopping === 0,
  );
}

describe('a service that listens', () => {
  it('answers at its own address through every change, also while the control plane is away', async () => {
    const port = await freePort();
    const shop = {
      command: process.execPath,
      args: [script],
      listen: port,
      policy: 'foodshare/api_servers',
      replicas: { min: 1, max: 4 },
    };
    writeFileSync(file, JSON.stringify({ services: { shop } }));
    const first = await serve();
    const agent = new Agent();
    await until(() => ask(port, agent), isPid);

    const growing = load(port);
    await scale(first, 4);
    await scale(first, 1);
    const restarted = await first.ask('POST', '/performance/scaling/restart', { body: { group: 'shop' } });
    expect(restarted.status).toBe(202);
    await until(
      () => fleetOf(first),
      ({ restart }) => restart?.state === 'done',
    );
    const grown = await growing.stop();
    expect(grown.failures).toEqual([]);
    expect(grown.pids.size, 'four, and the one that came instead of the last').toBe(5);

    // Nothing changes for whoever is served while nobody is there to change it.
    const alone = load(port);
    await first.stop('SIGKILL');
    for (let requests = 0; requests < 20; requests++) await ask(port, agent);
    const second = await serve(first.firstKey);
    await scale(second, 2);
    const survived = await alone.stop();
    expect(survived.failures).toEqual([]);
    expect(survived.pids.size).toBe(2);
    expect([...grown.pids].filter((pid) => survived.pids.has(pid))).toHaveLength(1);
  });

  it('has as long for a request as its file says, and the next control plane heeds what that says then', async () => {
    const port = await freePort();
    const timed = mkdtempSync(join(home, 'timed-'));
    const write = (deadline: string): void => writeOne(`${timed}.json`, { listen: port, deadline });
    const timedArgs = ['--home', timed, '--services', `${timed}.json`];
    const agent = new Agent();
    const left = async (): Promise<number> => Number(await ask(port, agent, '/left'));
    write('90s');
    const first = await startServe(timedArgs);
    served.push(first);
    expect(await until(left, (leftMs) => leftMs > 0)).toBeGreaterThan(60_000);
    // Its proxy goes on, and would go on with the time that it was started with.
    await first.stop('SIGKILL');
    write('300ms');
    served.push(await startServe(timedArgs, { key: first.firstKey ?? '' }));
    expect(await until(left, (leftMs) => leftMs <= 300)).toBeLessThanOrEqual(300);
    expect(await ask(port, agent, '/never')).toMatch(/^504 .*The time that the request had is over/);
  });

  it('is not started where its nginx can have no configuration, and says what to do', async () => {
    const ownHome = mkdtempSync(join(home, 'unwritable-'));
    const services = join(ownHome, 'services.json');
    // A file where there should be a folder: nobody may make one there, not even root.
    const nginx = {
      folder: join(services, 'nginx'),
      controlPort: await freePort(),
      listen: 8080,
    };
    writeOne(services, { nginx });
    const { code, text } = await refusedServe(['--home', ownHome, '--services', services]);
    expect([code, text]).toEqual([2, expect.stringMatching(/services\.shop\.nginx\.folder/)]);
    expect(text).not.toMatch(/^\s+at /m);
  });

  it('is told what a proxy before its own says of clients where its file trusts that, as the next control plane heeds', async () => {
    const port = await freePort();
    const before = mkdtempSync(join(home, 'before-'));
    const write = (trusting: object): void => writeOne(`${before}.json`, { listen: port, ...trusting });
    const beforeArgs = ['--home', before, '--services', `${before}.json`];
    const agent = new Agent();
    const origin = (): Promise<string> => ask(port, agent, '/for', { 'x-forwarded-for': '192.0.2.7' });
    write({});
    const first = await startServe(beforeArgs);
    served.push(first);
    expect(await until(origin, (told) => /^[\d., ]+$/.test(told))).toBe('127.0.0.1');
    await first.stop('SIGKILL');
    write({ trustsForwarded: true, slowStart: '1s' });
    served.push(await startServe(beforeArgs, { key: first.firstKey ?? '' }));
    expect(await until(origin, (told) => told.includes('192.0.2.7'))).toBe('192.0.2.7, 127.0.0.1');
  });

  it('says in its terminal that its HAProxy is away and back, and of an instance that it only waits for that', async () => {
    await using haproxy = await startHaproxy();
    await haproxy.kill();
    const away = mkdtempSync(join(home, 'away-'));
    const { socketPath } = haproxy.options.runtime;
    writeOne(`${away}.json`, { haproxy: { socket: socketPath } });
    const plane = await startServe(['--home', away, '--services', `${away}.json`]);
    served.push(plane);
    const said = (text: string): Promise<boolean> => until(async () => plane.said.includes(text), Boolean);
    const name = `haproxy at ${socketPath}`;
    await said(`"level":40`);
    expect(plane.said).toContain(
      `shop: ${name} does not answer: Cannot ask HAProxy at ${socketPath}: nobody`,
    );
    const [instance] = (
      await until(
        () => fleetOf(plane),
        ({ instances: [only] }) => only?.remark?.startsWith('is ready') === true,
      )
    ).instances;
    expect(instance).toMatchObject({
      state: 'starting',
      remark: `is ready, and waits to be let into the traffic: ${name} does not answer`,
    });
    await haproxy.start();
    await said(`"msg":"shop: ${name} answers again"`);
    await until(
      () => fleetOf(plane),
      ({ ready }) => ready === 1,
    );
    expect(plane.said.match(/"level":[34]0/g)).toEqual(['"level":40', '"level":30']);
  });

  it('is kept in step at a HAProxy and an nginx too, and says how its proxies are', async () => {
    await using haproxy = await startHaproxy();
    await using nginx = await startNginx();
    const { folder, controlPort, command } = nginx.options;
    const inFront = Number(new URL(nginx.url).port);
    const port = await freePort();
    const shop = {
      command: process.execPath,
      args: [script],
      listen: port,
      haproxy: { socket: haproxy.options.runtime.socketPath },
      nginx: { folder, controlPort, listen: inFront, command },
      policy: 'foodshare/api_servers',
      replicas: { min: 1, max: 4 },
    };
    const other = mkdtempSync(join(home, 'haproxy-'));
    writeFileSync(`${other}.json`, JSON.stringify({ services: { shop } }));
    const plane = await startServe(['--home', other, '--services', `${other}.json`]);
    served.push(plane);
    const agent = new Agent();
    const behind = Number(new URL(haproxy.url).port);
    for (const each of [port, behind, inFront]) await until(() => ask(each, agent), isPid);

    // nginx ends connections when it reloads, now and then one on which a request is just arriving: clients repeat it.
    const loads = [load(behind), load(port), load(inFront, 3)];
    await scale(plane, 2);
    await scale(plane, 1);
    const carried = await Promise.all(loads.map((each) => each.stop()));
    const [byHaproxy, byOurs, byNginx] = carried.map(({ failures, pids }) => [failures, pids.size]);
    expect({ byHaproxy, byOurs, byNginx }).toEqual({ byHaproxy: [[], 2], byOurs: [[], 2], byNginx: [[], 2] });

    const answer = await plane.ask('GET', '/performance/scaling/status');
    const [{ proxies }] = ((await answer.json()) as { items: [{ proxies: object[] }] }).items;
    expect(proxies).toEqual([
      { name: 'the proxy of shop', url: `http://127.0.0.1:${port}`, isAnswering: true },
      { name: expect.stringContaining('haproxy.sock'), isAnswering: true },
      { name: `nginx in ${folder}`, isAnswering: true },
    ]);
    // While they are there: one that does not answer is waited for until it is known to be away.
    await plane.stop('SIGTERM');
  });
});
