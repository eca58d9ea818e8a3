/** The command: parses words and files at the door, runs a room, prints results, maps errors to exit codes. */
export { runCli } from './cli.ts';
export type { Surroundings } from './commands/command.ts';
export { cliErrorTable } from './errors.ts';
export { exitCodeOf, exitCodes } from './exit-codes.ts';
export { drawBar } from './progress-line.ts';
export { formatCount, formatRate, formatRatio, summarize } from './summary.ts';
export { type Column, drawTable } from './table.ts';
export { processTerminal, type Style, type Terminal } from './terminal.ts';
export { readWords } from './words.ts';
