import { type ChildProcess, fork } from 'node:child_process';
import type { ConductorLink, FromWorker, ToWorker, WorkerLink } from './link.ts';
import { createLinkEnd } from './link-end.ts';

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
  const end = createLinkEnd<ToWorker, FromWorker>(name, {
    send: (message) => post(child, message, end.lose),
    close: () => endProcess(child),
  });
  child.on('message', (message) => end.deliver(message as FromWorker));
  child.on('error', (error) => end.lose(error.message));
  child.once('exit', (code, signal) => end.lose(`it ended with ${signal ?? `code ${code}`}${errors()}`));
  // A process that ends closes its channel first, and why it has ended is worth a moment.
  child.once('disconnect', () =>
    setTimeout(() => end.lose(`its channel was closed${errors()}`), exitNewsMs).unref(),
  );
  post(child, { data }, end.lose);
  return end.link;
}

/** The other end, within the worker's process. */
export function parentLink(): Promise<{ readonly link: ConductorLink; readonly data: unknown }> {
  return new Promise((resolve) => {
    process.once('message', (first: { readonly data: unknown }) => {
      const end = createLinkEnd<FromWorker, ToWorker>('conductor', {
        send: (message) => post(process, message, end.lose),
        close: () => undefined,
      });
      process.on('message', (message) => end.deliver(message as ToWorker));
      process.once('disconnect', () => end.lose('its channel was closed'));
      resolve({ link: end.link, data: first.data });
    });
  });
}

const exitNewsMs = 200;

/** The part that a child and a child's own process have in common. */
interface Sender {
  readonly connected: boolean;
  send?(
    message: object,
    handle: undefined,
    options: undefined,
    callback: (error: Error | null) => void,
  ): boolean;
}

function post(through: Sender, message: object, lose: (because: string) => void): void {
  if (!through.connected) return;
  through.send?.(message, undefined, undefined, (error) => {
    if (error !== null) lose(error.message);
  });
}

function endProcess(child: ChildProcess): void {
  if (child.connected) child.disconnect();
  // One that is frozen would not notice.
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
  timer.unref();
  child.once('exit', () => clearTimeout(timer));
}

/** What a child has last said of its errors, bounded, for the message about its end. */
function lastLines(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = `${tail}${text}`.slice(-500);
  });
  return () => (tail.trim() === '' ? '' : `: ${tail.trim()}`);
}
