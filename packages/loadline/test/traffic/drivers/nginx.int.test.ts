import { mkdtempDisposable, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createVirtualClock } from 'loadline/base';
import { createNginxDriver, type WantedUpstream } from 'loadline/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeProxyDriver } from '../../contracts/proxy-driver-contract.ts';
import { eventually, serveRaw } from '../embedded/proxied.ts';
import { type NginxServer, startNginx } from './nginx-server.ts';
import { startUpstreamServer, type UpstreamServer } from './upstream-server.ts';

const { signal } = new AbortController();
/** By so many a share is known well enough. */
const requests = 640;

describeProxyDriver('nginx', async () => {
  const nginx = await startNginx();
  const servers: UpstreamServer[] = [];
  return {
    driver: nginx.driver,
    async start(id) {
      const server = await startUpstreamServer(id);
      servers.push(server);
      return server;
    },
    pass: () => pause(5),
    send: (path) => nginx.send(path),
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
});

describe('nginx', () => {
  let nginx: NginxServer;
  let a: UpstreamServer;

  beforeAll(async () => {
    nginx = await startNginx();
    a = await startUpstreamServer('a');
  });
  afterAll(async () => {
    await nginx[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
  });

  const serving = (...ids: readonly string[]): WantedUpstream[] =>
    ids.map((id) => ({ ...a.upstream, id, mode: 'serving' }));

  it('is taken up where it was started with the first configuration, by hand', async () => {
    const { folder } = nginx.options;
    const memories = (await readdir(folder)).filter((name) => name.startsWith('upstreams.'));
    expect(memories).toHaveLength(1);
    for (const name of memories) await rm(join(folder, name));
    expect(await nginx.driver.observe(signal)).toEqual([]);
  });

  it('writes down anew nothing that stands there: who is killed in the middle would leave nothing', async () => {
    const { folder } = nginx.options;
    const written = async (): Promise<unknown> => {
      const names = (await readdir(folder)).filter((name) => /^(?:upstreams\.|nginx\.conf$)/.test(name));
      return Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).mtimeMs]));
    };
    await nginx.driver.apply(serving('a'), signal);
    const before = await written();
    await nginx.driver.apply(serving('a'), signal);
    expect(await written()).toEqual(before);
    expect((await nginx.driver.observe(signal)).map(({ id }) => id)).toEqual(['a']);
  });

  it('loads together what comes within a moment, and the last list counts', async () => {
    const before = nginx.reloads;
    const lists = [serving('a'), serving('a', 'b'), serving('a', 'b', 'c'), serving('b', 'c')];
    await Promise.all(lists.map((list) => nginx.driver.apply(list, signal)));
    expect((await nginx.driver.observe(signal)).map(({ id }) => id)).toEqual(['b', 'c']);
    expect(nginx.reloads - before).toBeLessThanOrEqual(2);
  });

  it('does not reload for what is loaded', async () => {
    await nginx.driver.apply(serving('a'), signal);
    const before = nginx.reloads;
    await nginx.driver.apply(serving('a'), signal);
    expect(nginx.reloads).toBe(before);
  });

  it('knows who it has when it and its driver start again', async () => {
    await nginx.driver.apply(serving('a', 'b'), signal);
    await nginx.kill();
    const { folder, controlPort, command } = nginx.options;
    await expect(nginx.driver.observe(signal)).rejects.toMatchObject({
      code: 'TRAFFIC_PROXY_UNREACHABLE',
      message: `Cannot ask the nginx of ${folder}: nobody listens at 127.0.0.1:${controlPort}. Start it: \`${command} -p ${folder} -c ${folder}/nginx.conf\`.`,
    });
    await nginx.start();
    const other = createNginxDriver(nginx.options);
    expect((await other.observe(signal)).map(({ id }) => id)).toEqual(['a', 'b']);
    expect((await nginx.send('/')).status).toBe(200);
  });

  it('keeps what is loaded where it would refuse the new configuration, and says why', async () => {
    await nginx.driver.apply(serving('a'), signal);
    const path = join(nginx.options.folder, 'nginx.conf');
    const before = await readFile(path, 'utf8');
    const bad = createNginxDriver({ ...nginx.options, certificatePath: '/nowhere/at-all.pem' });
    await expect(bad.apply(serving('a', 'b'), signal)).rejects.toMatchObject({
      code: 'TRAFFIC_CONFIGURATION_REFUSED',
      message: expect.stringContaining('/nowhere/at-all.pem'),
    });
    expect(await readFile(path, 'utf8')).toBe(before);
    expect((await nginx.driver.observe(signal)).map(({ id }) => id)).toEqual(['a']);
  });

  it('says that something else answers where it should', async () => {
    const controlPort = Number(new URL(nginx.url).port);
    const driver = createNginxDriver({ ...nginx.options, controlPort });
    await expect(driver.observe(signal)).rejects.toMatchObject({
      code: 'TRAFFIC_PROXY_UNREACHABLE',
      message: expect.stringMatching(
        /has not loaded its configuration\. Start it: .* Where something else has that port, let `controlPort` be another\.$/,
      ),
    });
  });

  it('is not blamed for a command that is not there to check its configuration', async () => {
    const bad = createNginxDriver({ ...nginx.options, command: 'nginks' });
    await expect(bad.apply(serving('a', 'b'), signal)).rejects.toMatchObject({
      code: 'TRAFFIC_CONFIGURATION_REFUSED',
      message: expect.stringMatching(
        /^Cannot have nginks check the new .*: there is no program "nginks" in PATH: correct the command, or install it$/,
      ),
    });
  });

  it.each([1, 8])('shares requests by weight, where %i come at a time', async (atOnce) => {
    await using b = await startUpstreamServer('b');
    await using c = await startUpstreamServer('c');
    const weights = { a: 12, b: 3, c: 1 };
    const wanted = [a, b, c].map(({ upstream }): WantedUpstream => {
      return { ...upstream, weight: weights[upstream.id as 'a' | 'b' | 'c'], mode: 'serving' };
    });
    await nginx.driver.apply(wanted, signal);
    const counts = new Map<string, number>();
    let left = requests;
    const asking = Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const { body } = await nginx.send('/');
        counts.set(body, (counts.get(body) ?? 0) + 1);
      }
    });
    await Promise.all(asking);
    for (const [id, weight] of Object.entries(weights)) {
      const share = (counts.get(id) ?? 0) / requests;
      expect(share).toBeGreaterThan(weight / 16 - 0.03);
      expect(share).toBeLessThan(weight / 16 + 0.03);
    }
  });

  it('sends to whoever is busy with least, where all weigh alike', async () => {
    await using b = await startUpstreamServer('b');
    const both = [a, b];
    await nginx.driver.apply(
      both.map(({ upstream }) => ({ ...upstream, weight: 3, mode: 'serving' })),
      signal,
    );
    const slow = nginx.send('/slow');
    slow.catch(() => undefined); // Told below; where this fails before, by that.
    await expect.poll(() => a.waiting + b.waiting).toBe(1);
    const idle = both.find(({ waiting }) => waiting === 0)?.upstream.id;
    let byIdle = 0;
    for (let request = 0; request < 40; request++) if ((await nginx.send('/')).body === idle) byIdle++;
    // By turns it would be 20. A worker may count a connection for a moment longer than its client, and take both for as busy.
    expect(byIdle).toBeGreaterThan(32);
    for (const each of both) each.release();
    expect((await slow).status).toBe(200);
  });

  it('repeats elsewhere only what may be done twice', async () => {
    await using broken = await startUpstreamServer('broken');
    broken.isBroken = true;
    await nginx.driver.apply([...serving('a'), { ...broken.upstream, mode: 'serving' }], signal);
    const send = async (method: 'GET' | 'POST'): Promise<boolean> =>
      (await nginx.send('/', method)).status === 200;
    const posts = [];
    // After three failures it would be let be for a while.
    for (let request = 0; request < 4; request++) posts.push(await send('POST'));
    const gets = [];
    for (let request = 0; request < 10; request++) gets.push(await send('GET'));
    expect(gets).toEqual(gets.map(() => true));
    expect(posts).toContain(false);
    expect(broken.asked.filter((method) => method === 'POST')).toHaveLength(
      posts.filter((isDone) => !isDone).length,
    );
  });

  it('waits no longer than controlTimeoutMs where its control port takes a question and says nothing', async () => {
    await using silent = await serveRaw(() => {});
    await using folder = await mkdtempDisposable(join(tmpdir(), 'loadline-nginx-'));
    const clock = createVirtualClock();
    const driver = createNginxDriver({
      ...nginx.options,
      clock,
      folder: folder.path,
      controlPort: silent.port,
      controlTimeoutMs: 700,
    });
    const waited = async (asking: Promise<unknown>, questions: number): Promise<void> => {
      const said = expect(asking).rejects.toMatchObject({
        code: 'TRAFFIC_PROXY_UNREACHABLE',
        message: expect.stringContaining('700 ms'),
      });
      for (let question = 0; question < questions; question++) {
        await eventually(() => clock.pending === 1);
        await clock.advance(700);
      }
      await said;
      expect(clock.pending).toBe(0);
    };
    await waited(driver.observe(signal), 1);
    await waited(driver.apply(serving('a'), signal), 2);
    // Nor does it keep back what comes after it.
    await waited(driver.apply(serving('a', 'b'), signal), 2);
    await eventually(() => silent.sockets.size === 0);
  });

  it('is asked for no longer than whoever asks waits', async () => {
    await using silent = await serveRaw(() => {});
    const driver = createNginxDriver({ ...nginx.options, controlPort: silent.port });
    const leave = new AbortController();
    const asking = driver.observe(leave.signal);
    await eventually(() => silent.sockets.size === 1);
    leave.abort(new Error('nobody waits'));
    await expect(asking).rejects.toThrow('nobody waits');
  });
});
