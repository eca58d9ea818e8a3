import { type IncomingMessage, request } from 'node:http';
import type { Probe, ProbeResult } from './probe.ts';

/** Asks for a path; any 2xx is good, once it is whole. Each time over a connection of its own, so that it sees whether one can be had. */
export function httpProbe(path: string): Probe {
  return ({ host, port }, signal) =>
    new Promise((resolve) => {
      const asking = request({ host, port, path, agent: false, signal, headers: { connection: 'close' } });
      asking.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ kind: 'bad', because: error.code ?? error.message }),
      );
      asking.on('response', (response) => readToEnd(response, resolve));
      asking.end();
    });
}

/** One that has no end would be read for ever: its time limit ends it, and what is longer than any such answer is not read on. */
function readToEnd(response: IncomingMessage, tell: (result: ProbeResult) => void): void {
  const status = response.statusCode ?? 0;
  const isGood = status >= 200 && status < 300;
  const result: ProbeResult = isGood ? { kind: 'good' } : { kind: 'bad', because: `it answered ${status}` };
  let bytes = 0;
  response.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= bodyBytesMax) return;
    tell(result);
    response.destroy();
  });
  response.on('end', () => tell(result));
  response.on('error', () => tell({ kind: 'bad', because: 'its answer broke off' }));
}

const bodyBytesMax = 64 * 1024;
