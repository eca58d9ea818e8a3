/** The process: signals in, exit code out. */
import { runCli } from './cli.ts';
import { exitCodes } from './door/exit-codes.ts';
import { processTerminal } from './screen/terminal.ts';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort(new Error(name));
  });
}
// A reader that has had enough (`| head`) is no failure of the run.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  env: process.env,
  signal: controller.signal,
});
