// A tiny service. Its ways are set by the environment: how it starts, crashes and stops.
import { createServer } from 'node:http';

const { PORT, MODE = 'good', READY_AFTER_MS = '0' } = process.env;

if (MODE === 'crash') {
  console.error('cannot find its configuration');
  process.exit(3);
}

let isReady = READY_AFTER_MS === '0';
if (!isReady) setTimeout(() => (isReady = true), Number(READY_AFTER_MS));

const server = createServer((request, response) => {
  if (request.url === '/health/ready') {
    response.writeHead(isReady && MODE !== 'never ready' ? 200 : 503).end();
    if (MODE === 'ready once') isReady = false;
  } else if (request.url === '/cpu') {
    const { user, system } = process.cpuUsage();
    response.end(String((user + system) / 1000));
  } else if (request.url === '/environment') response.end(JSON.stringify(process.env));
  else if (request.url === '/slow') setTimeout(() => response.end('done'), 300);
  else response.end('fine');
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening as ${process.pid}`));

process.on('SIGTERM', () => {
  if (MODE === 'stubborn') return;
  console.log('draining');
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
