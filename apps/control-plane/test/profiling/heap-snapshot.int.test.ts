import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from 'loadline/base';
import { snapshotWish } from 'loadline/profiling';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProfilers } from '../../src/profiling/index.ts';
import { type Answer, type Plane, startPlane, until } from '../plane.ts';

const key = 'the-control-plane-key';
let child: ChildProcess;
let port: number;
let plane: Plane;
/** Answers, and has no door. */
const doorless = createServer((_, response) => void response.writeHead(404).end('Not found'));

beforeAll(async () => {
  const script = fileURLToPath(new URL('./heap-service.ts', import.meta.url));
  child = spawn(process.execPath, ['--conditions=loadline-source', script, key], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  port = Number(line);
  await once(doorless.listen(0, '127.0.0.1'), 'listening');
  const ports = [port, (doorless.address() as AddressInfo).port];
  const services = ports.map((each) => ({ service: 'shop', url: new URL(`http://127.0.0.1:${each}`) }));
  plane = await startPlane({
    profilers: createProfilers(systemClock, key),
    configuration: { watch: { services, postgres: [], valkey: [], policy: {}, intervalMs: 5000 } },
  });
});

afterAll(async () => {
  await plane?.[Symbol.asyncDispose]();
  doorless.close().closeAllConnections();
  child?.disconnect();
});

function begin(ofPort: number): Promise<Answer> {
  const body = { instance: `127.0.0.1:${ofPort}`, kind: 'heap-snapshot', confirm: snapshotWish };
  return plane.ask('admin', 'POST', '/performance/profiling/start', { body });
}

describe('a heap snapshot of another process', () => {
  it('comes whole, and what the service knows is in it', async () => {
    const { status, json } = await begin(port);
    expect(status).toBe(201);
    const session = await until(
      () => plane.ask('viewer', 'GET', `/performance/profiling/${json.id}`),
      (answer) => answer.json.state !== 'running',
    );
    expect(session.json).toMatchObject({ state: 'finished', kind: 'heap-snapshot' });
    const { text } = await plane.ask('admin', 'GET', `/performance/profiling/${json.id}/profile`);
    expect(text).toHaveLength(session.json.profileBytes);
    expect(JSON.parse(text).snapshot.node_count).toBeGreaterThan(1000);
    expect(text).toContain('sesame');
  });

  it('is refused by it where its heap is too large, with what to do instead', async () => {
    await (await fetch(`http://127.0.0.1:${port}/grow`)).text();
    const { status, json } = await begin(port);
    expect(status).toBe(409);
    expect(json.detail).toContain('take a sampled heap profile');
  });

  it('is refused where there is no door, with what to do about it', async () => {
    const { status, json } = await begin((doorless.address() as AddressInfo).port);
    expect(status).toBe(409);
    expect(json.detail).toContain('needs loadline/observe');
  });
});
