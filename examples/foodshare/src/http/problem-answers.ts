import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { Problem, problemContentType } from './problem.ts';
import { problemOf } from './problem-of.ts';

/** Sends whatever was thrown as a problem document. */
export function answerProblems(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(thrown);
  if (problem.status >= 500) request.log.warn({ err: thrown, url: request.url }, problem.message);
  reply
    .code(problem.status)
    .headers({ ...problem.headers, 'content-type': problemContentType })
    // As text: a document isn't to be put through a route's schema.
    .send(JSON.stringify(problem.toDocument(pathOf(request))));
}

/** The path alone: a query may hold what isn't to be repeated. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] as string;
}

/**
 * Makes the app answer problems for what no route answers: 404 for an unknown address, and for a known one with
 * another method 405 and what would be allowed. To be called before any route is added.
 *
 * @returns to be called when all routes are there.
 */
export function refuseUnknown(app: FastifyInstance): (app: FastifyInstance) => void {
  const allowed = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    allowed.set(url, methods);
  });
  app.setErrorHandler(answerProblems);
  app.setNotFoundHandler((request, reply) => {
    answerProblems(new Problem(404, 'not-found', 'There is nothing at this address.'), request, reply);
  });
  return (last) => {
    for (const [url, methods] of [...allowed]) refuseMethods(last, url, methods);
  };
}

function refuseMethods(app: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const allow = [...methods].join(', ');
  app.route({
    method: refusable.filter((method) => !methods.has(method)),
    url,
    // Before a body is read: it is of no interest.
    onRequest: async () => {
      throw new Problem(405, 'method-not-allowed', `Only ${allow} is possible here.`, { headers: { allow } });
    },
    handler: () => {},
  });
}

const refusable: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What isn't even HTTP has no request to answer; the connection gets a last word and ends. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = clientProblems[error.code ?? ''] ?? new Problem(400, 'malformed-http', 'This is not HTTP.');
  const document = problem.toDocument();
  const body = JSON.stringify(document);
  socket.end(
    `HTTP/1.1 ${document.status} ${document.title}\r\nconnection: close\r\ncontent-type: ${problemContentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const clientProblems: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'request-too-slow', 'The request took too long to arrive.'),
  HPE_HEADER_OVERFLOW: new Problem(431, 'headers-too-large', 'The headers are too large.'),
};
