import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { type Clock, pause } from '../../base/index.ts';
import { Connections, type Http2Session } from './connections.ts';
import type { Drain } from './drain.ts';

export interface HttpDrainOptions {
  readonly clock: Clock;
  /** For how long a connection must have been silent to be closed without an answer that says so, in milliseconds. */
  readonly quietMs: number;
}

/** How often resting connections are looked for while a server drains, in milliseconds. */
const lookMs = 20;

/** Watches a server of `node:http`, `node:https` or a framework on it, and drains it when asked. */
export function httpDrain(server: NetServer, { clock, quietMs }: HttpDrainOptions): Drain {
  const connections = new Connections(clock);
  // A server of HTTP/2 makes a session of a connection, and tells of it, just before we hear of the connection itself.
  let session: Http2Session | undefined;
  const add = (socket: Socket): void => {
    connections.add(socket, { session });
    session = undefined;
  };
  server.on('session', (made: Http2Session) => {
    session = made;
  });
  if (server instanceof TlsServer)
    server.on('connection', (socket: Socket) => connections.add(socket, { isBelowTls: true }));
  else server.on('connection', add);
  server.on('secureConnection', add);
  // Before the service: its answer may be complete when it returns.
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) =>
    connections.begin(response),
  );
  watchUpgrades(server, (request, socket) => connections.upgrade(socket, request));

  const { closeIdleConnections } = server as Partial<Server>;
  const closeIdle = closeIdleConnections && (() => closeIdleConnections.call(server));

  async function drain(signal: AbortSignal): Promise<void> {
    // At once: what is unfinished is asked for in the same turn.
    signal.addEventListener('abort', () => connections.endGrace(closeIdle), { once: true });
    // What has come into the kernel's queue of connections is taken before its door closes.
    await nextTurn();
    stopListening(server);
    // A service that heeds the signal of the stop has had a turn to end its streams itself.
    await nextTurn();
    for (;;) {
      connections.endEventStreams();
      connections.closeResting(quietMs, closeIdle);
      if (connections.count === 0 || signal.aborted) return;
      await pause(clock, lookMs, signal);
    }
  }
  return {
    beginFarewell: () => connections.sayGoodbye(),
    drain,
    unfinished: () => connections.unfinished(),
    cut: () => connections.cut(),
  };
}

/**
 * Closes the door for new connections and leaves the open ones alone. The server's own `close()` also ends all that are
 * idle at this moment, those too on which the next request is on its way.
 */
function stopListening(server: NetServer): void {
  if (server.listening) NetServer.prototype.close.call(server);
}

/**
 * Listens to upgrades only where the service does as well: with a listener, Node leaves the answer to it, and a service
 * that wants no upgrades would never give one.
 */
function watchUpgrades(
  server: NetServer,
  onUpgrade: (request: IncomingMessage, socket: Socket) => void,
): void {
  if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', onUpgrade);
  else
    server.once('newListener', function onNew(event: string | symbol) {
      if (event === 'upgrade') server.on('upgrade', onUpgrade);
      else server.once('newListener', onNew);
    });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
