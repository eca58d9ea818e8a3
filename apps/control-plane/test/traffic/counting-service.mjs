/**
 * A service that says which process answered, and ends what it has before it stops; at /left how much time the request has
 * left, at /for whom it is for, and at /never nothing.
 */
import { createServer } from 'node:http';

let isStopping = false;
const server = createServer((request, response) => {
  if (request.url === '/health/ready') {
    response.statusCode = isStopping ? 503 : 200;
    return response.end();
  }
  if (isStopping) response.setHeader('connection', 'close');
  if (request.url === '/left') return response.end(request.headers['x-envoy-expected-rq-timeout-ms']);
  if (request.url === '/for') return response.end(request.headers['x-forwarded-for']);
  if (request.url === '/never') return undefined;
  setTimeout(() => response.end(String(process.pid)), 5);
});
// Longer than any proxy keeps a connection: it is the proxy that ends it, and no request meets a closed one.
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  isStopping = true;
  server.close(() => process.exit(0));
});
