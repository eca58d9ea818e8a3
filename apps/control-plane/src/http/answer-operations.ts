import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import {
  type Handlers,
  type Operation,
  type OperationName,
  operationNames,
  operations,
  type Reply,
  type Request,
} from '../contract/index.ts';

/** Gives every operation of the contract its route: validated as it says, answered by its handler. */
export function answerOperations(app: FastifyInstance, handlers: Handlers): void {
  for (const name of operationNames) answerOperation(app, name, handlers);
}

/** What a handler is, whatever operation it answers: the contract's types end at the framework. */
type AnyHandler = (request: Request<OperationName>) => Promise<Reply<OperationName>>;

function answerOperation(app: FastifyInstance, name: OperationName, handlers: Handlers): void {
  const operation: Operation = operations[name];
  const handler = handlers[name] as AnyHandler;
  app.route({
    method: operation.method,
    url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { operation: name },
    schema: schemaOf(operation),
    handler: async (request, reply) => send(reply, await handler(requestOf(request))),
  });
}

function schemaOf({ params, query, headers, body }: Operation): FastifySchema {
  return {
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  };
}

/** Its parts were validated by the operation's own schemas before, which the compiler cannot know. */
function requestOf({ params, query, body, headers, who }: FastifyRequest): Request<OperationName> {
  return { params, query, body, headers, who } as unknown as Request<OperationName>;
}

function send(reply: FastifyReply, answer: Reply<OperationName>): FastifyReply {
  reply.code(answer.status).headers(answer.headers ?? {});
  if ('isEmpty' in answer) return reply.send();
  if ('body' in answer) return reply.type('application/json').send(JSON.stringify(answer.body));
  reply.type(answer.contentType);
  if (typeof answer.text === 'string') return reply.send(answer.text);
  const stream = answer.text instanceof Readable ? answer.text : Readable.from(answer.text);
  if (reply.request.method !== 'HEAD') return reply.send(stream);
  // The framework would read it to its end, which may never come.
  stream.destroy();
  return reply.send();
}
