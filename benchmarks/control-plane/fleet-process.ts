/** Serves the pages of all instances: bytes that are there already, so that it costs next to nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { snapshotContentType } from 'loadline/metrics';
import { makePages, pageEveryMs } from './fleet-pages.ts';

const pages = makePages();
const startedMs = performance.now();

const server = createServer((_request, response) => {
  const page = pages[Math.floor((performance.now() - startedMs) / pageEveryMs) % pages.length] as Uint8Array;
  response.writeHead(200, { 'content-type': snapshotContentType, 'content-length': page.length });
  response.end(page);
});
server.listen(0, '0.0.0.0', () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.once('disconnect', () => process.exit());
