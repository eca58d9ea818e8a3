import { request } from 'node:http';
import type { Probe } from './probe.ts';

/** Asks for a path; any 2xx is good. Each time over a connection of its own, so that it sees whether one can be had. */
export function httpProbe(path: string): Probe {
  return ({ host, port }, signal) =>
    new Promise((resolve) => {
      const asking = request({ host, port, path, agent: false, signal, headers: { connection: 'close' } });
      asking.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ kind: 'bad', because: error.code ?? error.message }),
      );
      asking.on('response', (response) => {
        response.resume();
        response.on('error', () => {});
        const status = response.statusCode ?? 0;
        const isGood = status >= 200 && status < 300;
        resolve(isGood ? { kind: 'good' } : { kind: 'bad', because: `it answered ${status}` });
      });
      asking.end();
    });
}
