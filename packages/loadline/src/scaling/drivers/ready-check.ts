import { get } from 'node:http';
import { createServer } from 'node:net';
import { type Clock, sleep } from '../../base/index.ts';

/** A port of loopback that nobody listens on at this moment. Whoever uses it may still find it taken. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export interface ReadyCheck {
  readonly clock: Clock;
  readonly url: URL;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks again and again until the answer is 200. */
export async function untilReady({
  clock,
  url,
  timeoutMs,
  signal,
}: ReadyCheck): Promise<'ready' | 'too late' | 'given up'> {
  const endMs = clock.monotonicMs() + timeoutMs;
  while (clock.monotonicMs() < endMs) {
    if (signal.aborted) return 'given up';
    const isReady = await saysReady(url, signal);
    if (signal.aborted) return 'given up';
    if (isReady) return 'ready';
    await sleep(clock, pauseMs, signal).catch(() => undefined);
  }
  return 'too late';
}

const pauseMs = 50;
/** For one answer, of a service that is up but stuck. */
const answerTimeoutMs = 5000;

/** That nobody listens yet, or the answer is another, is all one: not ready. */
function saysReady(url: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { signal, timeout: answerTimeoutMs, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
