// An instance of a service: answers with its name, and ends what it has when it is to stop.
import { createServer } from 'node:http';

const [, , name] = process.argv;
const server = createServer((request, response) => {
  if (request.url === '/health/ready') return response.end();
  // Some work is under way at any moment.
  setTimeout(() => response.end(name), 5);
  request.resume();
});
// Longer than any proxy keeps a connection: it is the proxy that ends it, and no request meets a closed one.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
process.once('disconnect', () => process.exit(0));
