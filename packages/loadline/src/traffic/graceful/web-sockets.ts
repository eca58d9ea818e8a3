import type { Drain } from './drain.ts';

/** What is needed of a WebSocket of the package `ws`. */
export interface WebSocketShape {
  close(code: number, reason: string): void;
  terminate(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** What is needed of a server of the package `ws`. */
export interface WebSocketServerShape<Socket> {
  readonly clients: Iterable<Socket>;
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
}

/** RFC 6455: "going away", as when a server goes down. Clients that reconnect do so then. */
const goingAway = 1001;

/**
 * Drains the WebSockets of a server: first by `before`, for a last message or until what is under way on one has ended, then
 * by closing it with 1001. It waits for the other side to close, too.
 *
 * @param before called for each open socket; when it rejects, its socket is closed all the same and the stop tells of it.
 */
export function drainWebSockets<Socket extends WebSocketShape>(
  server: WebSocketServerShape<Socket>,
  before?: (socket: Socket, signal: AbortSignal) => Promise<unknown>,
): Drain {
  async function end(socket: Socket, signal: AbortSignal): Promise<void> {
    const closed = new Promise<void>((resolve) => socket.once('close', resolve));
    try {
      await before?.(socket, signal);
    } finally {
      socket.close(goingAway, 'going away');
    }
    await closed;
  }
  return {
    async drain(signal) {
      const failures: unknown[] = [];
      const ends = new Set<Promise<unknown>>();
      const begin = (socket: Socket): void => {
        ends.add(end(socket, signal).catch((error: unknown) => failures.push(error)));
      };
      // One may still come on a connection that is open already.
      server.on('connection', begin);
      for (const socket of server.clients) begin(socket);
      for (let count = -1; count < ends.size; ) {
        count = ends.size;
        await Promise.all(ends);
      }
      if (failures.length > 0) throw failures[0];
    },
    unfinished: () => Array.from(server.clients, () => ({ name: 'WebSocket' })),
    cut() {
      for (const socket of server.clients) socket.terminate();
    },
  };
}
