import { closest } from '../../base/index.ts';
import { cliError } from '../door/errors.ts';
import type { Command } from './command.ts';

/** A word after `loadline scale`. */
interface ScaleWord {
  readonly usage: string;
  readonly summary: string;
  readonly open: () => Promise<Command>;
}

/** In the order of the help. */
const words: Readonly<Record<string, ScaleWord>> = {
  run: {
    usage: 'run FILE',
    summary: 'scales workloads of Kubernetes until it is stopped',
    open: async () => (await import('./scale-run.ts')).scaleRunCommand,
  },
  status: {
    usage: 'status [GROUP]',
    summary: 'tells how groups stand: how many are ready, and why so many',
    open: async () => (await import('./scale-status.ts')).scaleStatusCommand,
  },
  why: {
    usage: 'why GROUP',
    summary: 'tells why a group has the size that it has',
    open: async () => (await import('./scale-why.ts')).scaleWhyCommand,
  },
  restart: {
    usage: 'restart GROUP',
    summary: 'replaces the instances of a group one after the other',
    open: async () => (await import('./scale-restart.ts')).scaleRestartCommand,
  },
  simulate: {
    usage: 'simulate POLICY…',
    summary: 'tries policies on a trace: instance hours, and targets missed',
    open: async () => (await import('./scale-simulate.ts')).scaleSimulateCommand,
  },
  export: {
    usage: 'export POLICY --as KIND',
    summary: 'writes objects of Kubernetes and KEDA for a policy',
    open: async () => (await import('./scale-export.ts')).scaleExportCommand,
  },
};

export const scaleCommand: Command = {
  help: helpText(),
  async helpFor([word]) {
    return word === undefined || word.startsWith('-') ? scaleCommand.help : (await find(word)).help;
  },
  async run([word, ...rest], surroundings) {
    return (await find(word)).run(rest, surroundings);
  },
};

function find(word: string | undefined): Promise<Command> {
  const found = word === undefined || !Object.hasOwn(words, word) ? undefined : words[word];
  if (found !== undefined) return found.open();
  const known = Object.keys(words);
  const meant = word === undefined ? undefined : closest(word, known);
  const hint = meant === undefined ? `known are ${known.join(', ')}.` : `did you mean ${meant}?`;
  const said = word === undefined ? 'a word is missing after it' : `there is no \`scale ${word}\``;
  throw cliError('CLI_USAGE', `Cannot understand \`loadline scale\`: ${said}; ${hint}`);
}

function helpText(): string {
  const lines = Object.values(words).map(({ usage, summary }) => `  ${usage.padEnd(24)} ${summary}`);
  return `loadline scale WORD …\n\n${lines.join('\n')}\n\n\`loadline scale WORD --help\` tells more of each.\n`;
}
