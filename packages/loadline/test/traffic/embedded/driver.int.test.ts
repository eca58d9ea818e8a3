import { createRandom, systemClock } from 'loadline/base';
import { openEmbeddedProxy, type ProxyDriver } from 'loadline/traffic';
import {
  describeProxyDriver,
  type ProxyUnderTest,
  type StartedUpstream,
} from '../../contracts/proxy-driver-contract.ts';
import { serve, type TestServer, upstream } from './proxied.ts';

/** Checked often: the suite waits until one is up. */
const healthCheck = { path: '/ready', intervalMs: 50, startIntervalMs: 5, up: 2, down: 2 };

async function start(checks: typeof healthCheck | undefined): Promise<ProxyUnderTest> {
  const proxy = await openEmbeddedProxy({
    clock: systemClock,
    random: createRandom(1),
    ...(checks === undefined ? {} : { healthCheck: checks }),
  });
  const servers: TestServer[] = [];
  return {
    driver: proxy satisfies ProxyDriver,
    async start(id): Promise<StartedUpstream> {
      const waiting: (() => void)[] = [];
      const server = await serve((request, response) => {
        if (request.url === '/slow') waiting.push(() => response.end(id));
        else response.end(id);
      });
      servers.push(server);
      const { mode: _, ...where } = upstream(id, server);
      return {
        upstream: where,
        get waiting() {
          return waiting.length;
        },
        release() {
          for (const answer of waiting.splice(0)) answer();
        },
      };
    },
    pass: () => new Promise((resolve) => setTimeout(resolve, 2)),
    async send(path) {
      const response = await fetch(`${proxy.url}${path}`);
      return { status: response.status, body: await response.text() };
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      for (const server of servers) await server.kill();
    },
  };
}

describeProxyDriver('the embedded proxy that checks nobody', () => start(undefined));
describeProxyDriver('the embedded proxy that checks', () => start(healthCheck));
