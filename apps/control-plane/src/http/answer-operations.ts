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
import { type Mistake, Problem } from '../problems/index.ts';
import { jsonOf } from './json-of.ts';

/** Gives every operation of the contract its route: validated as it says, answered by its handler. */
export function answerOperations(app: FastifyInstance, handlers: Handlers): void {
  for (const name of operationNames) {
    const { bodyAs }: Operation = operations[name];
    if (bodyAs === undefined) answerOperation(app, name, handlers);
    else
      void app.register(async (scope) => {
        readBytes(scope, bodyAs);
        answerOperation(scope, name, handlers);
      });
  }
}

/** Takes bodies of these types alone, as they are. What they hold is the handler's to read. */
function readBytes(scope: FastifyInstance, types: readonly string[]): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser([...types], { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  scope.addContentTypeParser('*', (_request, _payload, done) =>
    done(new Problem('CONTROL_PLANE_MEDIA_TYPE_UNKNOWN', `Send the body as ${types.join(' or ')}.`)),
  );
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
    handler: async (request, reply) => {
      assertWritable(request);
      const answer = await handler(requestOf(request, operation));
      request.isAudited = answer.isAudited === true;
      return send(reply, answer);
    },
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

/** PostgreSQL has no place for U+0000, and takes no question with it either. Bodies are looked at as they are read. */
function assertWritable({ params, query }: FastifyRequest): void {
  const errors = ([params, query] as const).flatMap((texts, part): Mistake[] =>
    Object.entries(texts ?? {}).flatMap(([name, text]) =>
      typeof text === 'string' && text.includes('\0')
        ? [{ in: part === 0 ? 'path' : 'query', pointer: `/${name}`, detail: 'holds the character U+0000' }]
        : [],
    ),
  );
  const [first] = errors;
  if (first === undefined) return;
  throw new Problem('CONTROL_PLANE_REQUEST_INVALID', `${first.pointer} ${first.detail}.`, { errors });
}

/** Its parts were validated by the operation's own schemas before, which the compiler cannot know. */
function requestOf(
  { params, query, body, headers, who }: FastifyRequest,
  { bodyAs }: Operation,
): Request<OperationName> {
  const read = bodyAs === undefined ? body : (body ?? new Uint8Array());
  return { params, query, body: read, headers, who } as unknown as Request<OperationName>;
}

function send(reply: FastifyReply, answer: Reply<OperationName>): FastifyReply {
  reply.code(answer.status).headers(answer.headers ?? {});
  if ('isEmpty' in answer) return reply.send();
  if ('body' in answer) return reply.type('application/json; charset=utf-8').send(jsonOf(answer.body));
  reply.type(answer.contentType);
  if (typeof answer.text === 'string') return reply.send(answer.text);
  const stream = answer.text instanceof Readable ? answer.text : Readable.from(answer.text);
  if (reply.request.method !== 'HEAD') return reply.send(stream);
  // The framework would read it to its end, which may never come.
  stream.destroy();
  return reply.send();
}
