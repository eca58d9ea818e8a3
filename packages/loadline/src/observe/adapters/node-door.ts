import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Door, DoorAnswer, DoorRequest } from '../doors/door.ts';
import { pathOf } from './watcher.ts';

/** Lets a door answer a request of `node:http`. Never rejects. */
export async function answerAtDoor(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await door(doorRequestOf(request));
  if (response.destroyed) return;
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  await send(answer, response);
}

async function send({ status, headers, body }: DoorAnswer, response: ServerResponse): Promise<void> {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.writeHead(status, headers).end(body);
    return;
  }
  response.writeHead(status, headers);
  // Whoever went away while reading has nothing more to be told, and one in the middle of whose answer we fail has to see it.
  await pipeline(Readable.from(body), response).catch(() => response.destroy());
}

function doorRequestOf(request: IncomingMessage): DoorRequest {
  const { method = 'GET', url = '/', headers, socket } = request;
  const path = pathOf(url);
  return {
    method,
    path,
    query: new URLSearchParams(url.slice(path.length)),
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    address: socket.remoteAddress,
    body: (bytesMax) => readBody(request, bytesMax),
  };
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not to its end: the loop's own way out would destroy the connection before the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
