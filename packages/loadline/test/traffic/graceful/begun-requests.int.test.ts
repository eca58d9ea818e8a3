import { once } from 'node:events';
import { connect } from 'node:net';
import { createVirtualClock } from 'loadline/base';
import { createGracefulStop, exitCodeOf } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { type Arrived, type OpenService, services } from '../gate/services.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

/** A service that stops, with a connection that is silent since its last answer. */
async function start(framework: string, sent: string) {
  const arrived: Arrived[] = [];
  const service = await (services[framework] as OpenService)([], (each) => void arrived.push(each));
  const clock = createVirtualClock();
  const graceful = createGracefulStop({ clock, graceMs: 5000 });
  graceful.watch(service.server);
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  await once(socket, 'connect');
  socket.write(sent);
  await expect.poll(() => arrived.length).toBe(1);
  arrived[0]?.answer('first');
  await expect.poll(() => received).toMatch(/first$/);
  await clock.advance(1000);
  return {
    arrived,
    socket,
    stopping: graceful.stop(),
    received: () => received,
    /** Lets time pass as it does: in small steps, in each of which the sockets have their turn. */
    async pass(durationMs: number): Promise<void> {
      for (let passedMs = 0; passedMs < durationMs; passedMs += 10) await clock.advance(10);
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await service[Symbol.asyncDispose]();
    },
  };
}

describe.each(Object.keys(services))(
  'a request of which a part came before the last answer had gone out, at %s',
  (framework) => {
    const [head, tail] = [get('/api/2').slice(0, 20), get('/api/2').slice(20)];

    it('is waited for, and answered', async () => {
      await using instance = await start(framework, get('/api/1') + head);
      await instance.pass(1000);
      instance.socket.write(tail);
      await expect.poll(() => instance.arrived.length).toBe(2);
      instance.arrived[1]?.answer('second');
      await expect.poll(instance.received).toMatch(/connection: close[\s\S]*second$/i);
      await instance.pass(100);
      expect(await instance.stopping).toMatchObject({ unfinishedCount: 0 });
    });

    it('is waited for no longer than the grace, and named when it is cut off', async () => {
      await using instance = await start(framework, get('/api/1') + head);
      const ended = once(instance.socket, 'close');
      await instance.pass(4900);
      expect(instance.socket.readableEnded).toBe(false);
      await instance.pass(200);
      const report = await instance.stopping;
      expect(report).toMatchObject({ unfinishedCount: 1, unfinished: [{ name: 'part of a request' }] });
      expect(exitCodeOf(report)).toBe(1);
      await ended;
    });
  },
);
