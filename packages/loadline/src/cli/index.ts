/** The command: parses words and files at the door, runs a room, prints results, maps errors to exit codes. */
export { runCli } from './cli.ts';
export type { Surroundings } from './commands/command.ts';
export { drawProgress } from './commands/run.ts';
export { cliErrorTable } from './door/errors.ts';
export { exitCodeOf, exitCodes } from './door/exit-codes.ts';
export { readWords } from './door/words.ts';
export { wrapLine } from './screen/lines.ts';
export { drawBar } from './screen/progress-line.ts';
export { summarize } from './screen/summary.ts';
export { type Column, drawTable } from './screen/table.ts';
export { processTerminal, type Style, type Terminal } from './screen/terminal.ts';
