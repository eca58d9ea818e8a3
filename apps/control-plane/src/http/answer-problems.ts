import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { signInPage } from '../pages/index.ts';
import { Problem, problemContentType } from '../problems/index.ts';
import { problemOf } from './problem-of.ts';

/** Sends whatever was thrown as a problem document. */
export function answerProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(thrown);
  if (problem.status >= 500) request.log.error({ err: thrown }, 'a request failed');
  if (problem.code === 'CONTROL_PLANE_UNAUTHENTICATED' && wantsPage(request)) {
    reply
      .code(problem.status)
      .headers({
        ...problem.headers,
        'content-security-policy': signIn.policy,
        'content-type': 'text/html; charset=utf-8',
      })
      .send(signIn.html);
    return;
  }
  reply
    .code(problem.status)
    .headers({ ...problem.headers, 'content-type': problemContentType })
    .send(JSON.stringify(problem.toDocument(request.id)));
}

const signIn = signInPage();

/** Somebody in front of a browser, who asked for a page and can do nothing with a document. */
function wantsPage({ routeOptions, headers }: FastifyRequest): boolean {
  return routeOptions.config.operation === 'getApiPage' && /\btext\/html\b/.test(headers.accept ?? '');
}

/** What is not even HTTP has no request to answer: the connection gets a last word and ends. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem =
    clientProblems[error.code ?? ''] ?? new Problem('CONTROL_PLANE_REQUEST_INVALID', 'This is not HTTP.');
  const document = problem.toDocument('none');
  const body = JSON.stringify(document);
  socket.end(
    `HTTP/1.1 ${problem.status} ${String(document.title)}\r\nconnection: close\r\ncontent-type: ${problemContentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const clientProblems: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem('CONTROL_PLANE_TOO_SLOW', 'The request took too long to arrive.'),
  HPE_HEADER_OVERFLOW: new Problem('CONTROL_PLANE_BODY_TOO_LARGE', 'The head of the request is too large.'),
};
