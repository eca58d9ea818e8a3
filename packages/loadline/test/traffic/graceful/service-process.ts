/**
 * A service as a process of its own: `service-process.ts FRAMEWORK`. Answers `/api/…` after up to 20 ms and `/api/never` never, echoes WebSocket
 * messages, and stops gracefully at a signal. Sends its port, and before it ends the report of its stop.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createGracefulStop, createHealth, drainWebSockets, stopOnSignals } from 'loadline/traffic';
import { WebSocketServer } from 'ws';
import { type Arrived, type OpenService, services } from '../gate/services.ts';

const framework = process.argv[2] as string;
const health = createHealth({ checks: { nothing: async () => undefined } });
let answered = 0;

function onRequest({ path, answer }: Arrived): void {
  if (path.startsWith('/api/never')) return;
  setTimeout(() => answer(`dish ${++answered}`), answered % 20);
}

const service = await (services[framework] as OpenService)([health], onRequest);
const live = new WebSocketServer({ noServer: true });
/** Messages that wait for their echo, by socket. */
const busy = new Map<object, Set<Promise<void>>>();
live.on('connection', (socket) => {
  const echoes = new Set<Promise<void>>();
  busy.set(socket, echoes);
  socket.on('message', (message) => {
    const echo = new Promise<void>((resolve) => {
      setTimeout(() => socket.send(String(message), () => resolve()), 10);
    });
    echoes.add(echo);
    void echo.then(() => echoes.delete(echo));
  });
});
service.server.on('upgrade', (request, socket, head) => {
  live.handleUpgrade(request, socket, head, (client) => live.emit('connection', client, request));
});

const graceful = createGracefulStop({
  health,
  servers: [service.server],
  drains: { live: drainWebSockets(live, (socket) => Promise.all(busy.get(socket) ?? [])) },
  closes: { service: () => service[Symbol.asyncDispose]() },
  noticeMs: 300,
  graceMs: 5000,
});
stopOnSignals(graceful, {
  onStopped: (report) => process.send?.({ report }),
});
process.on('disconnect', () => process.exit(1));
if (!service.server.listening) await once(service.server, 'listening');
process.send?.({ port: (service.server.address() as AddressInfo).port });
