/** One proxy in a process: `node proxy-process.ts NAME UPSTREAM-PORT`. It tells its port to whoever started it. */
import { Agent, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import httpProxyOfFastify from '@fastify/http-proxy';
import Fastify from 'fastify';
import httpProxy from 'http-proxy';
import { createRandom, systemClock } from 'loadline/base';
import { openEmbeddedProxy } from 'loadline/traffic';
import type { ProxyName } from './proxies.ts';

const proxies: Readonly<Record<ProxyName, (upstreamPort: number) => Promise<number>>> = {
  async loadline(port) {
    const proxy = await openEmbeddedProxy({ clock: systemClock, random: createRandom(1) });
    const upstream = { id: 'nginx', host: '127.0.0.1', port, mode: 'serving' } as const;
    await proxy.apply([upstream], new AbortController().signal);
    return proxy.port;
  },

  'http-proxy': (port) => {
    const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
    const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${port}`, agent, xfwd: true });
    proxy.on('error', (error) => {
      throw error;
    });
    return portOf(createHttpServer((request, response) => proxy.web(request, response)));
  },

  async '@fastify/http-proxy'(port) {
    const app = Fastify();
    await app.register(httpProxyOfFastify, {
      upstream: `http://127.0.0.1:${port}`,
      undici: { connections: 128, pipelining: 1 },
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return (app.server.address() as AddressInfo).port;
  },

  /** Understands nothing of what it carries: nobody who reads and writes sockets in Node.js can be quicker. */
  'bare pipe': (port) =>
    portOf(
      createServer({ noDelay: true }, (client) => {
        const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
        for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
        client.pipe(upstream).pipe(client);
      }),
    ),
};

const [name, upstreamPort] = process.argv.slice(2) as [ProxyName, string];
process.send?.({ port: await proxies[name](Number(upstreamPort)) });

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, () => resolve()));
  return (server.address() as AddressInfo).port;
}
