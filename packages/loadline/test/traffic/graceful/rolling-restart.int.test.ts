import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { StopReport } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { services } from '../gate/services.ts';

interface Instance {
  readonly child: ChildProcess;
  readonly port: number;
}

/** A balancer as simple as they come: it passes bytes, and sends new connections to who was ready when it last asked. */
interface Balancer extends AsyncDisposable {
  readonly port: number;
  readonly instances: Set<Instance>;
  readyCount(): number;
}

async function startInstance(framework: string): Promise<Instance> {
  const child = fork(new URL('service-process.ts', import.meta.url), [framework], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [message] = (await once(child, 'message')) as [{ readonly port: number }];
  return { child, port: message.port };
}

/** Sends SIGTERM, and waits for the end. */
async function stopInstance({ child }: Instance): Promise<{ code: number; report: StopReport }> {
  const report = once(child, 'message');
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const [message] = (await report) as [{ readonly report: StopReport }];
  const [code] = (await exit) as [number];
  return { code, report: message.report };
}

const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const asking = request({ port, host: '127.0.0.1', path: '/health/ready', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.on('error', () => resolve(false)).end();
  });

async function startBalancer(): Promise<Balancer> {
  const instances = new Set<Instance>();
  let ready: Instance[] = [];
  let next = 0;
  /** As balancers do, it tries the next one where nobody listens: then not a byte was sent. */
  function passOn(client: Socket, triesLeft: number): void {
    const instance = ready[next++ % ready.length];
    if (instance === undefined || triesLeft === 0) {
      client.destroy();
      return;
    }
    const upstream = connect(instance.port, '127.0.0.1');
    let isOpen = false;
    upstream.on('connect', () => {
      isOpen = true;
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => {
      if (isOpen) client.destroy();
      else passOn(client, triesLeft - 1);
    });
    client.on('error', () => upstream.destroy());
  }
  const server: Server = createServer((client) => passOn(client, 3));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const look = async (): Promise<void> => {
    const found = await Promise.all(
      [...instances].map(async (each) => ((await isReady(each.port)) ? each : undefined)),
    );
    ready = found.filter((each) => each !== undefined);
  };
  const looking = setInterval(() => void look(), 40);
  return {
    port: (server.address() as AddressInfo).port,
    instances,
    readyCount: () => ready.length,
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      for (const { child } of instances) child.kill('SIGKILL');
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Keeps connections busy until it is told to stop. */
function startLoad(
  port: number,
  connections: number,
): { end(): Promise<{ ok: number; failures: string[] }> } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failures: string[] = [];
  let ok = 0;
  let isOver = false;
  const one = (index: number): Promise<void> =>
    new Promise((resolve) => {
      const method = index % 2 === 0 ? 'GET' : 'POST';
      const headers = { 'content-type': 'text/plain' };
      const sent = request({ port, path: '/api/dish', agent, method, headers }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => {
          if (response.statusCode === 200 && body.startsWith('dish ')) ok++;
          else failures.push(`${response.statusCode} ${body}`);
          resolve();
        });
        response.on('error', (error) => {
          failures.push(error.message);
          resolve();
        });
      });
      sent.on('error', (error) => {
        failures.push(error.message);
        resolve();
      });
      sent.end(method === 'POST' ? 'flour' : undefined);
    });
  const users = Array.from({ length: connections }, async (_, index) => {
    while (!isOver) await one(index);
  });
  return {
    async end() {
      isOver = true;
      await Promise.all(users);
      agent.destroy();
      return { ok, failures };
    },
  };
}

/** Sends numbered messages and waits for their echoes; comes back where it was closed with 1001. */
function startChat(port: number): { end(): Promise<{ echoed: number; codes: number[] }> } {
  const codes: number[] = [];
  let echoed = 0;
  let isOver = false;
  const session = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/live`);
      const send = (): void => socket.send(String(echoed));
      socket.on('open', send);
      socket.on('message', (message) => {
        if (String(message) === String(echoed)) echoed++;
        if (isOver) socket.close(1000);
        else send();
      });
      socket.on('error', () => undefined);
      socket.on('close', (code) => {
        codes.push(code);
        resolve();
      });
    });
  const chatting = (async () => {
    while (!isOver) await session();
  })();
  return {
    async end() {
      isOver = true;
      await chatting;
      return { echoed, codes };
    },
  };
}

describe.each(Object.keys(services))('a rolling restart of %s under load', (framework) => {
  it('fails no request and loses no WebSocket', async () => {
    await using balancer = await startBalancer();
    const { instances } = balancer;
    // All start at once, which takes a while; who is new joins when the first leaves.
    const started = await Promise.all(Array.from({ length: 3 }, () => startInstance(framework)));
    const [old, fresh] = [started.slice(0, 2), started[2] as Instance];
    for (const instance of old) instances.add(instance);
    await expect.poll(() => balancer.readyCount()).toBe(2);
    const load = startLoad(balancer.port, 16);
    const chat = startChat(balancer.port);
    const stops: { code: number; report: StopReport }[] = [];
    instances.add(fresh);
    await expect.poll(() => balancer.readyCount()).toBe(3);
    for (const instance of old) {
      stops.push(await stopInstance(instance));
      instances.delete(instance);
    }
    const { ok, failures } = await load.end();
    const { echoed, codes } = await chat.end();
    expect(failures).toEqual([]);
    expect(ok).toBeGreaterThan(100);
    expect(echoed).toBeGreaterThan(2);
    expect(codes).toContain(1001);
    expect(codes.every((code, index) => code === (index === codes.length - 1 ? 1000 : 1001))).toBe(true);
    for (const { code, report } of stops) {
      expect(report).toMatchObject({ reason: 'SIGTERM', unfinishedCount: 0, failures: [] });
      expect(code).toBe(0);
    }
  });
});

describe('a process that is told twice to stop', () => {
  it('names what it cut off, closes all the same, and ends with the code of the signal', async () => {
    const { child, port } = await startInstance('node:http');
    const asked = request({ port, host: '127.0.0.1', path: '/api/never?token=secret' });
    const broken = once(asked, 'error');
    asked.end();
    await once(asked, 'finish');
    await expect.poll(() => isReady(port)).toBe(true);
    const message = once(child, 'message');
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await expect.poll(() => isReady(port)).toBe(false);
    child.kill('SIGINT');
    const [{ report }] = (await message) as [{ readonly report: StopReport }];
    expect(report).toMatchObject({
      reason: 'SIGTERM',
      forcedBy: 'SIGINT',
      unfinished: [{ name: 'GET /api/never' }],
      failures: [],
    });
    expect(await exit).toEqual([130, null]);
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
  });
});
