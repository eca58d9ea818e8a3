import type { Registry } from '../../metrics/index.ts';

/** What is needed of a socket; `net.Socket` has it. */
export interface CountedSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  once(event: 'close', listener: () => void): unknown;
}

/** A server that tells of its connections; those of `node:http`, `node:https` and `node:net` do. */
export interface ConnectingServer {
  on(event: 'connection', listener: (socket: CountedSocket) => void): unknown;
}

/** Counts what goes over the connections of this process's servers. */
export interface NetworkObserver {
  /** A connection that was seen; seeing it again changes nothing. */
  see(socket: CountedSocket): void;
  /** Sees every connection of a server from now on, also those on which no request ever comes. */
  watch(server: ConnectingServer): void;
}

/**
 * Adds bytes and connections of the process's own servers. Sockets count by themselves, so that only those that close
 * and those that are open when somebody looks have to be added up.
 */
export function observeNetwork(registry: Registry): NetworkObserver {
  const open = new Set<CountedSocket>();
  const closed = { received: 0, sent: 0 };
  const sum = (of: (socket: CountedSocket) => number, start: number): number => {
    let bytes = start;
    for (const socket of open) bytes += of(socket);
    return bytes;
  };
  registry.counter({
    name: 'http_server_received_bytes_total',
    help: 'Bytes that came in over the connections of the HTTP server.',
    read: () => sum(({ bytesRead }) => bytesRead, closed.received),
  });
  registry.counter({
    name: 'http_server_sent_bytes_total',
    help: 'Bytes that went out over the connections of the HTTP server.',
    read: () => sum(({ bytesWritten }) => bytesWritten, closed.sent),
  });
  registry.gauge({
    name: 'http_server_connections',
    help: 'Open connections of the HTTP server.',
    read: () => open.size,
  });
  const connections = registry.counter({
    name: 'http_server_connections_total',
    help: 'Connections that were opened to the HTTP server.',
  });
  // Asked with every request; a mark on what is at hand is quicker than looking it up among all.
  const isSeen = Symbol('isSeen');
  function see(socket: CountedSocket & { [isSeen]?: true }): void {
    if (socket[isSeen] === true) return;
    socket[isSeen] = true;
    open.add(socket);
    connections.add();
    socket.once('close', () => {
      open.delete(socket);
      closed.received += socket.bytesRead;
      closed.sent += socket.bytesWritten;
    });
  }
  return { see, watch: (server) => void server.on('connection', see) };
}
