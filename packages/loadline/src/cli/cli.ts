import { readFileSync } from 'node:fs';
import { closest, isLoadlineError, packageFolder } from '../base/index.ts';
import type { Command, Surroundings } from './commands/command.ts';
import { cliError } from './door/errors.ts';
import { exitCodes } from './door/exit-codes.ts';
import { foldHelp } from './screen/help.ts';

/** A word, as the list of commands shows it. What it does is only read in when it is asked for. */
interface Word {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly open: () => Promise<Command>;
}

/** In the order of the help. */
const words: readonly Word[] = [
  {
    name: 'run',
    usage: 'run FILE',
    summary: 'runs a load test and says whether it passed',
    open: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    name: 'compare',
    usage: 'compare A B',
    summary: 'says what became better or worse from runs A to runs B',
    open: async () => (await import('./commands/compare.ts')).compareCommand,
  },
  {
    name: 'find-limit',
    usage: 'find-limit FILE',
    summary: 'searches the highest rate that meets the objectives',
    open: async () => (await import('./commands/find-limit.ts')).findLimitCommand,
  },
  {
    name: 'import',
    usage: 'import KIND FILE',
    summary: 'writes a scenario of a recording (har) or an API description (openapi)',
    open: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'agent',
    usage: 'agent --join URL',
    summary: 'lends this machine to load tests that another one runs',
    open: async () => (await import('./commands/agent.ts')).agentCommand,
  },
  {
    name: 'scale',
    usage: 'scale WORD',
    summary: 'scales workloads, tries policies on a trace, says why, writes objects',
    open: async () => (await import('./commands/scale.ts')).scaleCommand,
  },
  {
    name: 'rollout',
    usage: 'rollout WORD',
    summary: 'brings a new build of a service in by shares, and takes it back',
    open: async () => (await import('./commands/rollout.ts')).rolloutCommand,
  },
  {
    name: 'serve',
    usage: 'serve',
    summary: 'leaves a control plane running: tests, metrics, alerts, scaling',
    open: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  {
    name: 'proxy',
    usage: 'proxy --listen PORT',
    summary: 'spreads HTTP requests over the instances of a service',
    open: async () => (await import('./commands/proxy.ts')).proxyCommand,
  },
  {
    name: 'regions',
    usage: 'regions FILE',
    summary: 'writes what sends each request to the nearest region: HAProxy, DNS',
    open: async () => (await import('./commands/regions.ts')).regionsCommand,
  },
  {
    name: 'demo',
    usage: 'demo',
    summary: 'starts an example service on real servers and loads it',
    open: async () => (await import('./commands/demo.ts')).demoCommand,
  },
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
      terminal.out(foldHelp(helpText(), terminal.width));
      return word === undefined ? exitCodes.wrongInput : exitCodes.passed;
    }
    if (word === '--version') {
      terminal.out(`${version()}\n`);
      return exitCodes.passed;
    }
    const found = words.find((each) => each.name === word);
    if (found === undefined) throw unknownCommand(word);
    const command = await found.open();
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.out(foldHelp((await command.helpFor?.(rest)) ?? command.help, terminal.width));
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
  const manifest = readFileSync(new URL('package.json', packageFolder), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function helpText(): string {
  const size = Math.max(...words.map(({ usage }) => usage.length));
  const lines = words.map(({ usage, summary }) => `  ${usage.padEnd(size)}  ${summary}`);
  return `loadline: how much load can your service carry?\n\n${lines.join('\n')}\n\n\`loadline COMMAND --help\` tells more of each.\n`;
}

function unknownCommand(word: string): Error {
  const known = words.map((each) => each.name);
  const meant = closest(word, known);
  const hint = meant === undefined ? `known are ${known.join(', ')}.` : `did you mean ${meant}?`;
  return cliError('CLI_USAGE', `Cannot understand \`loadline ${word}\`: there is no such command; ${hint}`, {
    facts: { word },
  });
}
