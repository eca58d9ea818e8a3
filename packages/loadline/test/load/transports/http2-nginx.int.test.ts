import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from 'loadline/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHttp2Transport, type Http2Options } from '../../../src/load/transports/http2.ts';
import { describeTransport } from '../../contracts/transport-contract.ts';
import { ca, cert, key } from './certificate.ts';
import { openSender } from './sending.ts';

/** HTTP/2 as another implementation than Node's speaks it, with OpenSSL's own idea of ALPN. */
const folder = mkdtempSync(join(tmpdir(), 'loadline-nginx-'));
const silentSockets = new Set<Socket>();
let silentServer: Server;
let nginx: ChildProcess;
let ports: { readonly plain: number; readonly secure: number };

beforeAll(async () => {
  silentServer = createServer((socket) => silentSockets.add(socket.on('error', () => socket.destroy())));
  const silentPort = await listen(silentServer);
  ports = { plain: await freePort(), secure: await freePort() };
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'nginx.conf'), configuration(silentPort));
  const path = [process.env.PATH, '/usr/sbin'].join(delimiter);
  const args = ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')];
  nginx = spawn('nginx', args, { stdio: 'inherit', env: { ...process.env, PATH: path } });
  await Promise.all([reach(ports.plain), reach(ports.secure)]);
});

afterAll(async () => {
  nginx.kill();
  await once(nginx, 'exit');
  for (const socket of silentSockets) socket.destroy();
  silentServer.close();
  rmSync(folder, { recursive: true, force: true });
});

for (const scheme of ['http', 'https'] as const) {
  describeTransport(`HTTP/2 to nginx (${scheme})`, async () => ({
    transport: createTransport(scheme, { ca }),
    pass: (durationMs) => sleep(durationMs),
    stop: async () => undefined,
  }));
}

it('HTTP/2 outlives the connections that nginx ends after a hundred requests each', async () => {
  const transport = createTransport('https', { ca, streamsPerConnection: 4 });
  const users = Array.from({ length: 8 }, () => openSender(transport));
  const statuses = await Promise.all(
    users.map(async (user) => {
      const seen = [];
      for (let request = 0; request < 500; request++) {
        const answer = await user.send({ method: request % 2 === 0 ? 'GET' : 'POST' });
        seen.push('status' in answer ? answer.status : answer.message);
      }
      return seen;
    }),
  );
  transport.close();
  expect(statuses).toEqual(new Array(8).fill(new Array(500).fill(200)));
});

function createTransport(scheme: 'http' | 'https', options: Partial<Http2Options> = {}) {
  const port = scheme === 'http' ? ports.plain : ports.secure;
  const target = new URL(`${scheme}://localhost:${port}`);
  return createHttp2Transport({ target, address: '127.0.0.1', clock: systemClock, ...options });
}

function configuration(silentPort: number): string {
  return `
    daemon off;
    worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid ${folder}/nginx.pid;
    events { worker_connections 512; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      keepalive_requests 100;
      server {
        listen 127.0.0.1:${ports.plain} http2;
        listen 127.0.0.1:${ports.secure} ssl http2;
        ssl_certificate ${folder}/cert.pem;
        ssl_certificate_key ${folder}/key.pem;
        location = /ok { add_header x-answer yes; return 200 fine; }
        location = /silent { proxy_pass http://127.0.0.1:${silentPort}; }
      }
    }`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function reach(port: number): Promise<void> {
  for (let turn = 0; turn < 250; turn++) {
    const socket = connect({ host: '127.0.0.1', port });
    const isThere = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
      sleep(1000).then(() => false),
    ]);
    socket.destroy();
    if (isThere) return;
    await sleep(20);
  }
  throw new Error('nginx did not come up within five seconds; its words are above');
}
