import { readFileSync } from 'node:fs';
import { closest, isLoadlineError } from '../base/index.ts';
import { agentCommand } from './commands/agent.ts';
import type { Command, Surroundings } from './commands/command.ts';
import { compareCommand } from './commands/compare.ts';
import { demoCommand } from './commands/demo.ts';
import { findLimitCommand } from './commands/find-limit.ts';
import { runCommand } from './commands/run.ts';
import { cliError } from './door/errors.ts';
import { exitCodes } from './door/exit-codes.ts';

/** In the order of the help. */
const commands: readonly Command[] = [
  runCommand,
  compareCommand,
  findLimitCommand,
  agentCommand,
  demoCommand,
];

/**
 * The command: finds the word, runs it, and turns whatever comes of it into an exit code.
 *
 * @param args what stood after `loadline`.
 */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  try {
    const [word, ...rest] = args;
    if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
      terminal.out(helpText());
      return word === undefined ? exitCodes.wrongInput : exitCodes.passed;
    }
    if (word === '--version') {
      terminal.out(`${version()}\n`);
      return exitCodes.passed;
    }
    const command = commands.find((each) => each.name === word);
    if (command === undefined) throw unknownCommand(word);
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.out(command.help);
      return exitCodes.passed;
    }
    return await command.run(rest, surroundings);
  } catch (error) {
    // Whatever was under way when Ctrl-C came gives up with the signal's own reason.
    if (surroundings.signal.aborted && error === surroundings.signal.reason) return exitCodes.interrupted;
    if (!isLoadlineError(error)) throw error;
    const code = terminal.isInteractive ? terminal.style('red', error.code) : error.code;
    terminal.err(`${code}: ${error.message}\n`);
    return exitCodes.wrongInput;
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function helpText(): string {
  const lines = commands.map((command) => `  ${command.usage.padEnd(15)} ${command.summary}`);
  return `loadline: how much load can your service carry?\n\n${lines.join('\n')}\n\n\`loadline COMMAND --help\` tells more of each.\n`;
}

function unknownCommand(word: string): Error {
  const known = commands.map((command) => command.name);
  const meant = closest(word, known);
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
  return cliError('CLI_USAGE', `Cannot understand \`loadline ${word}\`: there is no such command; ${hint}.`, {
    facts: { word },
  });
}
