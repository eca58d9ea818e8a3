import type { Terminal } from '../screen/terminal.ts';

/** What a word after `loadline` does. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /** Of one that has words of its own: what it prints for these. */
  helpFor?(args: readonly string[]): Promise<string>;
  /** @returns the exit code. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

/** What a command finds outside of its words. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first Ctrl-C or SIGTERM; the second ends the process. */
  readonly signal: AbortSignal;
}
