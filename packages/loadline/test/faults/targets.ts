import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, type LoadPlan, type LoadReport, runLoad } from 'loadline/load';
import { planWith, request, scenario } from '../simulation/simulate.ts';

/** A server of bare sockets on loopback; `onRequest` is called with each piece that arrives. */
export async function serveBytes(
  onRequest: (socket: Socket) => void,
  onConnection: (socket: Socket) => void = () => undefined,
): Promise<{ readonly target: string; readonly connections: () => number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', () => onRequest(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port at which nobody listens. */
export async function deadTarget(): Promise<string> {
  const { target, stop } = await serveBytes(() => undefined);
  await stop();
  return target;
}

/** Loads a target with two users for 400 ms, with short limits, and tells what was measured and how long it took. */
export async function runAgainst(
  target: string,
  given: Partial<LoadPlan> = {},
): Promise<{ readonly report: LoadReport; readonly tookMs: number }> {
  const plan = planWith({
    target,
    stages: [{ kind: 'users', from: 2, to: 2, durationMs: 400 }],
    scenarios: [scenario('visit', [request('/')])],
    limits: { requestTimeoutMs: 300, usersMax: 10, gracefulStopMs: 1000 },
    ...given,
  });
  const transport = createHttp1Transport({
    target: new URL(target),
    address: '127.0.0.1',
    clock: systemClock,
  });
  const startMs = performance.now();
  const report = await runLoad(plan, { transport });
  return { report, tookMs: performance.now() - startMs };
}
