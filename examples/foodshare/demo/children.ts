import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the demo, ready to work. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Starts a module as a process and waits for the port that it sends, for 30 seconds at most. The process ends
 * when it is disposed of, and also when this one is gone, because its channel closes then.
 */
export async function startChild(module: URL, { args = [], env = {}, signal }: ChildOptions): Promise<Child> {
  const child = fork(module, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const port = await portOf(child, module, signal);
    return { pid: child.pid as number, port, [Symbol.asyncDispose]: () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    signal?.throwIfAborted();
    throw error;
  }
}

async function portOf(child: ChildProcess, module: URL, signal: AbortSignal | undefined): Promise<number> {
  const ready = new AbortController();
  const signals = [
    ready.signal,
    AbortSignal.timeout(startLimitMs),
    ...(signal === undefined ? [] : [signal]),
  ];
  const limit = { signal: AbortSignal.any(signals) };
  const name = module.pathname.split('/').at(-1);
  try {
    return await Promise.race([
      once(child, 'message', limit).then(([message]) => (message as { port: number }).port),
      once(child, 'exit', limit).then(([code, by]) => {
        throw new Error(`Cannot start ${name}: it ended with ${by ?? `exit code ${code}`}.`);
      }),
    ]);
  } finally {
    ready.abort();
  }
}

const startLimitMs = 30_000;

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(force);
}
