import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Destination } from './destination.ts';

/** Sends a body to one address and gives the reply, or rejects where there is none. */
export interface Poster {
  post(body: Uint8Array, signal: AbortSignal): Promise<PostReply>;
  close(): void;
}

export interface PostReply {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** The first 64 KB. */
  readonly body: Buffer;
}

/** Posts over one connection that is kept alive. Redirects are not followed: headers may be meant for one host only. */
export function createPoster({ url, headers }: Destination): Poster {
  let agent: Agent | undefined;
  let isClosed = false;
  return {
    async post(body, signal) {
      // Loaded when first needed: most who import this room send nothing, and should start quickly.
      const { Agent, request } = await (url.protocol === 'https:'
        ? import('node:https')
        : import('node:http'));
      if (isClosed) throw new Error('closed');
      agent ??= new Agent({ keepAlive: true, maxSockets: 1 });
      const sent = request(url, {
        method: 'POST',
        agent,
        signal,
        headers: { ...headers, 'content-length': body.byteLength },
      });
      return replyTo(sent, body);
    },
    close() {
      isClosed = true;
      agent?.destroy();
    },
  };
}

function replyTo(request: ClientRequest, body: Uint8Array): Promise<PostReply> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      readBody(response).then(
        (received) =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            retryAfter: response.headers['retry-after'],
            body: received,
          }),
        reject,
      );
    });
    request.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop destroys the response: a body without end costs the connection, not our memory.
    if (size >= bodyBytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bodyBytesMax);
}

const bodyBytesMax = 64 * 1024;
