/**
 * Hands each connection to the next instance: `round-robin.ts 8080 4001 4002` listens on the first port, or on
 * any where that is 0. It passes bytes and knows nothing of HTTP, health or draining; a real balancer stands in
 * Loadline's traffic room.
 */
import { type AddressInfo, connect, createServer } from 'node:net';

const [listenPort, ...upstreams] = process.argv.slice(2).map(Number);
let next = 0;

const server = createServer({ noDelay: true }, (client) => {
  const port = upstreams[next++ % upstreams.length] as number;
  const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
});

server.listen(listenPort, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
