/** The process: signals in, exit code out. */
import { runCli } from './cli.ts';
import { exitCodes } from './door/exit-codes.ts';
import { processTerminal } from './screen/terminal.ts';

const controller = new AbortController();
let abortedMs = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (!controller.signal.aborted) {
      abortedMs = performance.now();
      controller.abort(new Error(name));
    } else if (performance.now() - abortedMs > echoMs) process.exit(exitCodes.interrupted);
  });
}
/** One Ctrl-C arrives twice when npm, or our own starter, passes on what the terminal has sent to all. */
const echoMs = 200;

// A reader that has had enough (`| head`) is no failure of the run.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  env: process.env,
  signal: controller.signal,
});
