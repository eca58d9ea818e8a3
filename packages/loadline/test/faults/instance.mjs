// An instance of a service: works on a few requests at once, others wait for it, and ends what it has when it is to stop.
import { createServer } from 'node:http';

const { PORT, REQUESTS_AT_ONCE, WORK_MS } = process.env;
const waiting = [];
let busy = 0;
let served = 0;

function work(response) {
  busy++;
  setTimeout(() => {
    busy--;
    served++;
    response.end('done');
    const next = waiting.shift();
    if (next !== undefined) work(next);
  }, Number(WORK_MS));
}

const server = createServer((request, response) => {
  if (request.url === '/health/ready') return response.end();
  if (request.url === '/served') return response.end(String(served));
  request.resume();
  if (busy < Number(REQUESTS_AT_ONCE)) work(response);
  else waiting.push(response);
});
// Longer than any proxy keeps a connection: it is the proxy that ends it, and no request meets a closed one.
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening as ${process.pid}`));
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
