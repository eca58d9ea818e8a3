import type { Door, DoorRequest } from './door.ts';
import { type HonoContext, requestOf, responseOf } from './hono.ts';

/** Lets a door answer a request of Hono. Rejects where the door does, only. */
export async function answerAtHono(door: Door, context: HonoContext): Promise<Response> {
  return responseOf(await door(doorRequestOf(context)), context.req.method);
}

function doorRequestOf(context: HonoContext): DoorRequest {
  const { raw } = context.req;
  return {
    ...requestOf(context),
    query: new URL(raw.url).searchParams,
    async body(bytesMax) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of raw.body ?? []) {
        size += chunk.length;
        if (size > bytesMax) return undefined;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
  };
}
