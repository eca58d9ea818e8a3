import { type ChildProcess, fork } from 'node:child_process';
import { generatorFlags } from 'loadline/load';
import { runEnvironment } from './run-environment.ts';
import type { FromRun, ToRun } from './run-messages.ts';
import type { Runner } from './runner.ts';

/** Whoever is asked to end has this long for the last answers and the report. */
const endGraceMs = 20_000;

/** How many there will be is only known to the run itself; up to a few hundred, the flags are the same. */
const usersOfAnyRun = 100;

/** Makes each run in a process of its own, so that the API stays quick and a run that dies takes nothing with it. */
export function createProcessRunner(): Runner {
  return {
    run: (job, { signal, onProgress }) =>
      new Promise((resolve, reject) => {
        const child = startChild();
        let failure: string | undefined;
        let isDone = false;
        let killing: NodeJS.Timeout | undefined;
        const end = (): void => {
          send(child, { kind: 'end' });
          killing = setTimeout(() => child.kill('SIGKILL'), endGraceMs);
        };
        signal.addEventListener('abort', end, { once: true });
        child.on('message', (message: FromRun) => {
          if (message.kind === 'progress') onProgress(message.progress);
          else if (message.kind === 'failed') failure = message.because;
          else isDone = true;
        });
        child.once('error', (error) => {
          failure = error.message;
        });
        child.once('close', (code, killedBy) => {
          signal.removeEventListener('abort', end);
          clearTimeout(killing);
          if (isDone) resolve();
          else reject(new Error(failure ?? `Its process ended with ${killedBy ?? `code ${code}`}.`));
        });
        send(child, { kind: 'run', job });
        if (signal.aborted) end();
      }),
  };
}

function startChild(): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts');
  const script = new URL(`./run-main${isSource ? '.ts' : '.js'}`, import.meta.url);
  // Sources find each other by a condition of their own, which a test runner does not hand on.
  const conditions = isSource ? ['--conditions=loadline-source'] : [];
  return fork(script, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: runEnvironment(process.env),
    execArgv: [...conditions, ...generatorFlags(usersOfAnyRun)],
  });
}

function send(child: ChildProcess, message: ToRun): void {
  if (child.connected) child.send(message, () => undefined);
}
