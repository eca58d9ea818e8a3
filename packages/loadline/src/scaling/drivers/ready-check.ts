import { get } from 'node:http';
import { createServer } from 'node:net';
import { type Clock, pause } from '../../base/index.ts';

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
export async function untilReady(check: ReadyCheck): Promise<'ready' | 'too late' | 'given up'> {
  const { clock, timeoutMs, signal } = check;
  const endMs = clock.monotonicMs() + timeoutMs;
  while (clock.monotonicMs() < endMs) {
    if (signal.aborted) return 'given up';
    const answer = await ask(check, answerTimeoutMs);
    if (signal.aborted) return 'given up';
    if (answer === 200) return 'ready';
    await pause(clock, pauseMs, signal);
  }
  return 'too late';
}

const pauseMs = 50;
/** For one answer, of a service that is up but stuck. */
const answerTimeoutMs = 5000;

export interface SilenceCheck extends Omit<ReadyCheck, 'timeoutMs'> {
  /** Without any answer for so long, it hangs. */
  readonly hangAfterMs: number;
}

/** Asks now and then, until no answer has come for too long. Any answer will do: whoever says no is alive. */
export async function untilSilent(check: SilenceCheck): Promise<'silent' | 'given up'> {
  const { clock, hangAfterMs, signal } = check;
  const everyMs = hangAfterMs / 4;
  let answeredAtMs = clock.monotonicMs();
  for (;;) {
    await pause(clock, everyMs, signal);
    if (signal.aborted) return 'given up';
    const answer = await ask(check, everyMs);
    if (signal.aborted) return 'given up';
    if (answer !== undefined) answeredAtMs = clock.monotonicMs();
    else if (clock.monotonicMs() - answeredAtMs >= hangAfterMs) return 'silent';
  }
}

/** The status of the answer; undefined where there is none in time, be it that nobody listens. */
function ask({ clock, url, signal }: Asked, limitMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { signal, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    // To its very end: the limit of a socket is of silence, and who sends a byte now and then would never reach it.
    const timer = clock.setTimer(() => request.destroy(), limitMs);
    request.on('error', () => resolve(undefined));
    request.on('close', () => {
      timer.cancel();
      resolve(undefined);
    });
  });
}

type Asked = Pick<ReadyCheck, 'clock' | 'url' | 'signal'>;
