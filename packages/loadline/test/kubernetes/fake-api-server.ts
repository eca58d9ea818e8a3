import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { cert, key } from '../load/transports/certificate.ts';
import type { FakeApi } from './fake-api.ts';
import { ApiFailure, type FakeCluster } from './fake-cluster.ts';

/** An API server of a fake cluster, over TLS on loopback. It knows the one token and the namespaces that may be read. */
export interface FakeApiServer extends AsyncDisposable {
  readonly url: URL;
  /** From now on only this one opens it. */
  rotate(token: string): void;
  /** Breaks every connection, without a word. */
  cut(): void;
  /** What was asked for, with its query. */
  readonly asked: readonly string[];
}

export async function startFakeApiServer(
  cluster: FakeCluster,
  options: {
    readonly token: string;
    readonly namespaces: readonly string[];
    /** What else it keeps, in the namespace `default`. */
    readonly api?: FakeApi;
  },
): Promise<FakeApiServer> {
  let { token } = options;
  const asked: string[] = [];
  const server = createServer({ key, cert }, async (request, response) => {
    asked.push(request.url as string);
    try {
      if (request.headers.authorization !== `Bearer ${token}`)
        throw new ApiFailure(401, 'Unauthorized', 'Unauthorized');
      if (options.api !== undefined && request.url?.startsWith('/apis/')) {
        json(response, request.method === 'POST' ? 201 : 200, await answerOf(options.api, request));
        return;
      }
      answer(cluster, options.namespaces, { request, response });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      json(response, error.status.code, error.status);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    rotate: (next) => {
      token = next;
    },
    cut: () => server.closeAllConnections(),
    asked,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerOf(api: FakeApi, request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  const type = request.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  if (text !== '' && request.headers['content-type'] !== type)
    throw new ApiFailure(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
  const { pathname } = new URL(request.url as string, 'https://api');
  return api.request(request.method as string, pathname, text === '' ? undefined : JSON.parse(text));
}

function answer(
  cluster: FakeCluster,
  namespaces: readonly string[],
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  const { pathname, searchParams } = new URL(request.url as string, 'https://api');
  const [, namespace] = /^\/api\/v1\/namespaces\/([^/]+)\/pods$/.exec(pathname) ?? [];
  if (namespace === undefined || request.method !== 'GET')
    throw new ApiFailure(404, 'NotFound', 'the server could not find the requested resource');
  const query = Object.fromEntries(searchParams);
  const verb = query.watch === 'true' ? 'watch' : 'list';
  if (!namespaces.includes(namespace))
    throw new ApiFailure(
      403,
      'Forbidden',
      `pods is forbidden: User "system:serviceaccount:loadline:control-plane" cannot ${verb} resource "pods" in API group "" in the namespace "${namespace}"`,
    );
  if (verb === 'list') {
    json(response, 200, cluster.list(namespace, query));
    return;
  }
  response.setHeader('content-type', 'application/json');
  const stop = cluster.watch(namespace, query, {
    tell: (line) => void response.write(`${JSON.stringify(line)}\n`),
    end: () => void response.end(),
  });
  response.once('close', stop);
  response.flushHeaders();
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
