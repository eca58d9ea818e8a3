import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHistogram } from 'loadline/metrics';
import type { InstanceTotals } from 'loadline/scaling';
import type { Upstream } from 'loadline/traffic';

/** An instance of a build: a server in this process that answers with its id, and counts as a service would. */
export interface BuildServer extends AsyncDisposable {
  readonly upstream: Upstream;
  readonly totals: () => InstanceTotals;
  /** Every answer is an error from now on. */
  isBroken: boolean;
  /** Requests other than checks. */
  readonly asked: number;
}

export async function startBuildServer(id: string): Promise<BuildServer> {
  const latency = createHistogram();
  let requests = 0;
  let errors = 0;
  let isBroken = false;
  const server = createServer((request, response) => {
    if (request.url === '/health/ready') {
      response.end();
      return;
    }
    const startMs = performance.now();
    requests++;
    if (isBroken) errors++;
    response.writeHead(isBroken ? 500 : 200).end(id);
    latency.record(Math.round((performance.now() - startMs) * 1000));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    upstream: { id, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    totals: () => ({
      instance: id,
      endpoints: new Map([['GET /', { requests, errors, latency: latency.copy() }]]),
    }),
    get isBroken() {
      return isBroken;
    },
    set isBroken(value) {
      isBroken = value;
    },
    get asked() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
