import { type ChildProcess, fork } from 'node:child_process';
import type { ConductorLink, FromWorker, Link, ToWorker, WorkerLink } from './link.ts';

/**
 * Starts a worker in a process of its own on this machine. It ends with this process: a broken channel is
 * the end of its work.
 *
 * @param script the module to run; it calls `parentLink`.
 * @param data what the module finds in its first message, as `parentLink` gives it.
 */
export function startWorkerProcess(
  name: string,
  script: URL,
  data: unknown,
  execArgv: readonly string[],
): WorkerLink {
  const child = fork(script, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [...execArgv],
  });
  const errors = lastLines(child);
  child.send({ data });
  const link = openLink<ToWorker, FromWorker>(name, child, () => errors());
  return {
    ...link,
    close() {
      link.close();
      if (child.connected) child.disconnect();
      // One that is frozen would not notice.
      const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
      timer.unref();
      child.once('exit', () => clearTimeout(timer));
    },
  };
}

/** The other end, within the worker's process. */
export function parentLink(): Promise<{ readonly link: ConductorLink; readonly data: unknown }> {
  return new Promise((resolve) => {
    process.once('message', (first: { readonly data: unknown }) => {
      resolve({ link: openLink<FromWorker, ToWorker>('conductor', process, () => ''), data: first.data });
    });
  });
}

type Channel = Pick<NodeJS.Process, 'connected'> & {
  send?(message: unknown, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: never) => void): unknown;
  once(event: 'disconnect' | 'exit', listener: (code: number | null, signal: string | null) => void): unknown;
};

function openLink<Sent, Received>(
  name: string,
  channel: ChildProcess | NodeJS.Process,
  errors: () => string,
): Link<Sent, Received> {
  const through = channel as unknown as Channel;
  const waiting: Received[] = [];
  let handler: ((message: Received) => void) | undefined;
  let lost: ((because: string) => void) | undefined;
  let because: string | undefined;
  let isClosed = false;
  const lose = (why: string): void => {
    if (isClosed || because !== undefined) return;
    because = why;
    lost?.(why);
  };
  through.on('message', (message: never) => {
    if (handler === undefined) waiting.push(message as Received);
    else handler(message as Received);
  });
  through.once('exit', (code, signal) => lose(`it ended with ${signal ?? `code ${code}`}${errors()}`));
  through.once('disconnect', () => setImmediate(() => lose(`its channel was closed${errors()}`)));
  return {
    name,
    send(message) {
      if (!isClosed && because === undefined && through.connected)
        through.send?.(message, (error) => error !== null && lose(error.message));
    },
    receive(next) {
      handler = next;
      for (const message of waiting.splice(0)) next(message);
    },
    onLost(next) {
      lost = next;
      if (because !== undefined) next(because);
    },
    close() {
      isClosed = true;
    },
  };
}

/** What a child has last said of its errors, bounded, for the message about its end. */
function lastLines(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = `${tail}${text}`.slice(-500);
  });
  return () => (tail.trim() === '' ? '' : `: ${tail.trim()}`);
}
