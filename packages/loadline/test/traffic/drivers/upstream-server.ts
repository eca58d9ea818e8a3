import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Upstream } from 'loadline/traffic';
import type { StartedUpstream } from '../../contracts/proxy-driver-contract.ts';

export interface UpstreamServer extends StartedUpstream, AsyncDisposable {
  /** Its checks fail from now on, or pass again. */
  isWell: boolean;
  /** It ends connections without an answer, but to checks. */
  isBroken: boolean;
  /** Requests other than checks, by method. */
  readonly asked: readonly string[];
}

/** A server in this process that answers with its id: at once, and to `/slow` when it is told to. */
export async function startUpstreamServer(id: string): Promise<UpstreamServer> {
  const slow: ServerResponse[] = [];
  const asked: string[] = [];
  let isWell = true;
  let isBroken = false;
  const server = createServer((request, response) => {
    if (request.url === '/health/ready') {
      response.writeHead(isWell ? 200 : 503).end();
      return;
    }
    asked.push(request.method as string);
    if (isBroken) request.socket.destroy();
    else if (request.url === '/slow') slow.push(response);
    else response.end(id);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: Upstream = { id, host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return {
    upstream,
    get waiting() {
      return slow.length;
    },
    release() {
      for (const response of slow.splice(0)) response.end(id);
    },
    get isWell() {
      return isWell;
    },
    set isWell(value) {
      isWell = value;
    },
    get isBroken() {
      return isBroken;
    },
    set isBroken(value) {
      isBroken = value;
    },
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
