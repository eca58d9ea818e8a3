import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Receiver,
  startReceiver,
} from '../../../../packages/loadline/test/monitoring/notifiers/receiver.ts';
import { manyStartsMs, type Served, startServe } from '../served.ts';

const folder = mkdtempSync(join(tmpdir(), 'loadline-judges-'));
const adminKey = 'an-admin-key-that-is-long-enough-for-this-test';
let depth = 11;
const service = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
  response.end(`# TYPE queue_depth gauge\nqueue_depth ${depth}\n`);
});
let server: StartedPostgres;
let receiver: Receiver;
let servicePort: number;
const planes: Served[] = [];

beforeAll(async () => {
  server = await startPostgres();
  receiver = await startReceiver();
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  servicePort = (service.address() as AddressInfo).port;
  writeFileSync(
    join(folder, 'rules.yaml'),
    'rules:\n  - { name: deep-queue, metric: queue_depth, above: { critical: 10 }, for: 1s }\n',
  );
});

afterAll(async () => {
  await Promise.all(planes.map((plane) => plane.stop('SIGKILL')));
  service.close().closeAllConnections();
  await receiver[Symbol.asyncDispose]();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string): Promise<Served> {
  const words = ['--watch', `shop=http://127.0.0.1:${servicePort}`, '--watch-every', '1s'];
  const told = ['--rules', join(folder, 'rules.yaml'), '--notify-webhook', receiver.url];
  const env = {
    DATABASE_URL: server.url,
    LOADLINE_ADMIN_KEY: adminKey,
    LOADLINE_WEBHOOK_SECRET: 'a-secret-of-at-least-24-bytes',
  };
  const plane = await startServe(['--home', join(folder, name), ...words, ...told], { key: adminKey, env });
  planes.push(plane);
  return plane;
}

async function figure(plane: Served, name: string): Promise<number> {
  const text = await (await plane.ask('GET', '/metrics')).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** What the receiver was told: `fired`. */
function told(): string[] {
  return receiver.messages.flatMap(({ body }) =>
    (JSON.parse(body) as { alerts: { change: string }[] }).alerts.map(({ change }) => change),
  );
}

it('of two control planes on one PostgreSQL one tells, and when it is killed the other goes on without firing anew', {
  timeout: manyStartsMs,
}, async () => {
  const first = await start('first');
  const second = await start('second');
  const polled = { timeout: 60_000, interval: 100 };
  await expect.poll(told, polled).toEqual(['fired']);
  expect([await figure(first, 'loadline_alert_judge'), await figure(second, 'loadline_alert_judge')]).toEqual(
    [1, 0],
  );
  const { items } = (await (await second.ask('GET', '/performance/alerts')).json()) as { items: unknown[] };
  expect(items).toMatchObject([{ rule: 'deep-queue', state: 'firing' }]);

  await first.stop('SIGKILL');
  await expect.poll(() => figure(second, 'loadline_alert_rounds_total'), polled).toBeGreaterThanOrEqual(3);
  expect(await figure(second, 'loadline_alert_judge')).toBe(1);
  expect(told()).toEqual(['fired']);
  depth = 1;
  await expect.poll(told, polled).toEqual(['fired', 'resolved']);
});
