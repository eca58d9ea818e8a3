import { readFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { createHaproxyDriver, type HaproxyOptions, type WantedUpstream } from 'loadline/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHaproxyRuntime } from '../../../src/traffic/drivers/haproxy-runtime.ts';
import { describeProxyDriver } from '../../contracts/proxy-driver-contract.ts';
import { type HaproxyServer, startHaproxy, startHaproxyByPort } from './haproxy-server.ts';
import { startUpstreamServer, type UpstreamServer } from './upstream-server.ts';

const { signal } = new AbortController();

/** GETs without a pause, half of them on connections that stay; tells what was no answer. */
function startLoad(url: string): { carries(requests: number): Promise<void>; stop(): Promise<string[]> } {
  const kept = new Agent({ keepAlive: true });
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const ask = (agent: Agent): Promise<string> =>
    new Promise((resolve) => {
      const asked = get(url, { agent }, (response) => {
        response.resume().on('end', () => resolve(String(response.statusCode)));
      });
      asked.on('error', (error) => resolve(error.message));
    });
  const users = Array.from({ length: 8 }, async (_, user) => {
    while (!isOver) {
      const answer = await ask(user % 2 === 0 ? kept : new Agent());
      answered++;
      if (answer !== '200') failures.push(answer);
    }
  });
  return {
    async carries(requests) {
      const until = answered + requests;
      await expect.poll(() => answered, { timeout: 20_000, interval: 5 }).toBeGreaterThan(until);
    },
    async stop() {
      isOver = true;
      await Promise.all(users);
      kept.destroy();
      return failures;
    },
  };
}

/** What HAProxy says of the first server, as its statistics call it. */
async function figureOf(
  { options }: { readonly options: Pick<HaproxyOptions, 'runtime'> },
  column: string,
): Promise<string | undefined> {
  const { ask } = createHaproxyRuntime(options.runtime);
  const [names, first] = (await ask('show stat service 4 -1', signal))
    .split('\n')
    .map((row) => row.split(','));
  return first?.[names?.indexOf(column) as number];
}

describeProxyDriver('HAProxy', async () => {
  const haproxy = await startHaproxy();
  const servers: UpstreamServer[] = [];
  return {
    driver: haproxy.driver,
    async start(id) {
      const server = await startUpstreamServer(id);
      servers.push(server);
      return server;
    },
    pass: () => pause(5),
    async send(path) {
      const answer = await fetch(`${haproxy.url}${path}`);
      return { status: answer.status, body: await answer.text() };
    },
    async [Symbol.asyncDispose]() {
      await haproxy[Symbol.asyncDispose]();
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
});

describe('HAProxy', () => {
  let haproxy: HaproxyServer;
  let a: UpstreamServer;

  beforeAll(async () => {
    haproxy = await startHaproxy();
    a = await startUpstreamServer('a');
  });
  afterAll(async () => {
    await haproxy[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
  });

  const serving = (...upstreams: readonly WantedUpstream['id'][]): WantedUpstream[] =>
    upstreams.map((id) => ({ ...a.upstream, id, mode: 'serving' }));

  it('sends nothing to a new one before its checks have passed', async () => {
    a.isWell = false;
    await haproxy.driver.apply(serving('a'), signal);
    const statuses = new Set<number>();
    for (let request = 0; request < 20; request++) {
      statuses.add((await fetch(haproxy.url)).status);
      await pause(5);
    }
    expect([...statuses]).toEqual([503]);
    expect(await haproxy.driver.observe(signal)).toMatchObject([{ id: 'a', status: 'down' }]);
    a.isWell = true;
    await expect.poll(() => haproxy.driver.observe(signal)).toMatchObject([{ id: 'a', status: 'up' }]);
    expect((await fetch(haproxy.url)).status).toBe(200);
  });

  it('has what it had when it is killed and starts again', async () => {
    await haproxy.driver.apply(serving('a', 'b'), signal);
    await haproxy.kill();
    const line = `stats socket ${haproxy.options.runtime.socketPath} mode 600 expose-fd listeners level admin`;
    await expect(haproxy.driver.observe(signal)).rejects.toMatchObject({
      code: 'TRAFFIC_PROXY_UNREACHABLE',
      message: expect.stringMatching(/: nobody listens there\. Start HAProxy, as by `haproxy -W -f FILE`, /),
    });
    expect(await readFile(haproxy.options.file.path, 'utf8')).toContain(`  ${line}\n`);
    await haproxy.start();
    expect((await haproxy.driver.observe(signal)).map(({ id }) => id)).toEqual(['a', 'b']);
    expect((await fetch(haproxy.url)).status).toBe(200);
  });

  it('loses nothing while it is reloaded under load, not even what was under way', async () => {
    await haproxy.driver.apply(serving('a'), signal);
    await expect.poll(() => haproxy.driver.observe(signal)).toMatchObject([{ id: 'a', status: 'up' }]);
    const slow = fetch(`${haproxy.url}/slow`);
    await expect.poll(() => a.waiting).toBe(1);
    const load = startLoad(haproxy.url);
    await load.carries(200);
    const reloaded = haproxy.reload();
    await load.carries(400);
    a.release();
    expect((await slow).status).toBe(200);
    await reloaded;
    await haproxy.driver.apply(serving('a', 'b'), signal);
    await load.carries(200);
    expect(await load.stop()).toEqual([]);
  });

  it('repeats elsewhere what may have had its effect already, but only what may be done twice', async () => {
    await using broken = await startUpstreamServer('broken');
    broken.isBroken = true;
    await haproxy.driver.apply([...serving('a'), { ...broken.upstream, mode: 'serving' }], signal);
    await expect
      .poll(() => haproxy.driver.observe(signal))
      .toMatchObject([{ status: 'up' }, { status: 'up' }]);
    // What has failed on a connection that was used before is told by its end.
    const send = (method: string): Promise<boolean> =>
      fetch(haproxy.url, { method }).then(
        ({ ok }) => ok,
        () => false,
      );
    const gets = [];
    const posts = [];
    for (let request = 0; request < 10; request++) gets.push(await send('GET'));
    for (let request = 0; request < 10; request++) posts.push(await send('POST'));
    expect(gets).toEqual(gets.map(() => true));
    expect(new Set(posts)).toEqual(new Set([true, false]));
    expect(broken.asked).toContain('GET');
    expect(broken.asked.filter((method) => method === 'POST')).toHaveLength(
      posts.filter((isDone) => !isDone).length,
    );
  });

  it.each([
    ['nobody', 'it has service.'],
    ['servcie', 'it has service; did you mean service?'],
    ['clients', 'it has service.'],
  ])('says which backends it has where it has none named %s', async (backend, known) => {
    const strange = createHaproxyDriver({ ...haproxy.options, backend });
    const address = haproxy.options.runtime.socketPath;
    await expect(strange.observe(signal)).rejects.toMatchObject({
      code: 'TRAFFIC_PROXY_REFUSED',
      message: `HAProxy at ${address} has no backend "${backend}": ${known} Name one of its own as \`backend\`, or add a section \`backend ${backend}\` to its configuration.`,
      facts: { backend, backends: ['service'] },
    });
  });

  it('keeps the configuration before, where it would refuse the new one', async () => {
    const before = await readFile(haproxy.options.file.path, 'utf8');
    const bad = createHaproxyDriver({
      ...haproxy.options,
      file: { ...haproxy.options.file, certificatePath: '/nowhere/at-all.pem' },
    });
    await expect(bad.apply(serving('a'), signal)).rejects.toMatchObject({
      code: 'TRAFFIC_CONFIGURATION_REFUSED',
      message: expect.stringContaining('/nowhere/at-all.pem'),
    });
    expect(await readFile(haproxy.options.file.path, 'utf8')).toBe(before);
  });

  it('is given orders over TCP too, and starts slowly where it is to', async () => {
    await using remote = await startHaproxyByPort({ slowStartMs: 60_000 });
    await remote.driver.apply(serving('a'), signal);
    await expect.poll(() => remote.driver.observe(signal)).toMatchObject([{ id: 'a', status: 'up' }]);
    expect((await fetch(remote.url)).status).toBe(200);
    expect(Number(await figureOf(remote, 'throttle'))).toBeLessThan(50);
  });

  it('gives those that are there another limit of requests at once, without a reload', async () => {
    await using limited = await startHaproxy({ requestsMax: 7 });
    await limited.driver.apply(serving('a'), signal);
    expect(await figureOf(limited, 'slim')).toBe('7');
    const driver = createHaproxyDriver({ ...limited.options, requestsMax: 3 });
    await driver.apply(serving('a'), signal);
    expect(await figureOf(limited, 'slim')).toBe('3');
    const orders = (await readFile(limited.options.file.path, 'utf8')).match(/maxconn 3 /g);
    expect(orders, 'for whoever starts it next').toHaveLength(1);
  });

  it('takes no name, no order in a name, and no host name', async () => {
    for (const bad of [{ id: 'a; shutdown' }, { id: 'a\nb' }, { host: 'example.test' }]) {
      const refused = await haproxy.driver
        .apply([{ ...a.upstream, mode: 'serving', ...bad }], signal)
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'TRAFFIC_UPSTREAM_INVALID' });
    }
  });
});
