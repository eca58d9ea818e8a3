import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the demo, ready to work. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

/**
 * Starts a module as a process and waits for the port that it sends. The process ends when it is disposed
 * of, and also when this one is gone, because its channel closes then.
 */
export async function startChild(
  module: URL,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Child> {
  const child = fork(module, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // A Ctrl-C reaches the whole group; the demo itself ends its children, after the report.
  const port = await Promise.race([portOf(child), failure(child, module)]);
  return { pid: child.pid as number, port, [Symbol.asyncDispose]: () => stopChild(child) };
}

async function portOf(child: ChildProcess): Promise<number> {
  const [message] = (await once(child, 'message')) as [{ port: number }];
  return message.port;
}

async function failure(child: ChildProcess, module: URL): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(
    `Cannot start ${module.pathname.split('/').at(-1)}: it ended with ${signal ?? `exit code ${code}`}.`,
  );
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(force);
}
