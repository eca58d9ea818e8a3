import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Door, DoorRequest } from './door.ts';
import { answerNode, NodeRequest } from './node.ts';

/** Lets a door answer a request of `node:http`, and so of Express and Fastify. Rejects where the door does, only. */
export async function answerAtNode(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  answerNode(await door(new NodeDoorRequest(request)), request, response);
}

class NodeDoorRequest extends NodeRequest implements DoorRequest {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    super(request);
    this.#request = request;
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.target.slice(this.path.length));
  }

  async body(bytesMax: number): Promise<Uint8Array | undefined> {
    const chunks: Buffer[] = [];
    let size = 0;
    // Not to its end: the loop's own way out would destroy the connection before the answer.
    const body = this.#request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > bytesMax) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}
