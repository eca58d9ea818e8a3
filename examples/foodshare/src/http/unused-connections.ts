import type { Server, Socket } from 'node:net';

/**
 * Remembers a server's open connections, so that those can be ended on which nothing has ever arrived. Browsers and
 * balancers open some in advance; Node counts them as active when it closes, and a stop would wait for them as
 * long as for a request.
 *
 * @returns ends those connections.
 */
export function watchUnusedConnections(server: Server): () => void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  };
}
