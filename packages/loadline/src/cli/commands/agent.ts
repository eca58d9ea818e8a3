import { availableParallelism, hostname } from 'node:os';
import { withoutPassword } from '../../base/index.ts';
import { lendMachine } from '../../load/agents/index.ts';
import { readAgentToken, tokenOption } from '../door/agent-token.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import type { Command, Surroundings } from './command.ts';

export const agentCommand: Command = {
  help: `loadline agent --join tls://HOST:PORT [options]

Joins the \`loadline run --agents N --listen HOST:PORT\` at that address, makes its part of the load, and waits for
the next run. Both sides know a token, from the environment as LOADLINE_AGENT_TOKEN or from a file; with it the
connection is encrypted, and each side is sure of the other. Needs no certificate.

  --join URL         where the run is conducted, as in tls://10.0.0.5:7077
  --name N           what the report calls this machine; default its host name
  --workers N        makes load in N processes; default auto, one a core
  --token-file F     reads the token from a file
  --allow-host NAME  allows a target outside this machine and private networks, where the run allows it too; may be
                     repeated
  --allow-scripts    runs scenarios that are code, which can do here whatever this user can
  --once             ends after one run

Exit codes: 0 ended by SIGTERM or after --once, 2 the input is wrong, the other side has another token, or the run of
--once could not be made, 130 ended by Ctrl-C.
`,
  run: runAgent,
};

const options = {
  join: { type: 'string' },
  name: { type: 'string' },
  workers: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  'allow-scripts': { type: 'boolean' },
  once: { type: 'boolean' },
  ...tokenOption,
} as const;

async function runAgent(args: readonly string[], { terminal, signal, env }: Surroundings): Promise<number> {
  const { options: words, positionals } = readWords('agent', args, options);
  if (positionals.length > 0) throw unfit(`it takes no ${positionals.join(' ')}`);
  const url = readJoinUrl(words.join);
  const lent = {
    name: readName(words.name ?? hostname()),
    workers: readWorkers(words.workers),
    token: readAgentToken(words, env),
    allowHosts: words['allow-host'] ?? [],
    allowsScripts: words['allow-scripts'] === true,
    isOnce: words.once === true,
    tell: (line: string) => terminal.err(`${line}\n`),
  };
  const workers = lent.workers === 1 ? 'a worker' : `${lent.workers} workers`;
  terminal.err(`Agent ${lent.name} lends ${workers} to runs conducted at ${url.href}.\n`);
  try {
    await lendMachine(url, lent, signal);
    return exitCodes.passed;
  } catch (error) {
    const isAsked = signal.aborted && error === signal.reason;
    // Who stops a service sends SIGTERM, and that is no failure of it.
    if (isAsked && (signal.reason as Error).message === 'SIGTERM') return exitCodes.passed;
    throw error;
  }
}

function readJoinUrl(text: string | undefined): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  const isBare =
    url !== undefined && url.username === '' && url.password === '' && !/[^/]/.test(url.pathname);
  if (url?.protocol === 'tls:' && url.hostname !== '' && url.port !== '' && isBare) return url;
  const found = text === undefined ? 'nothing' : JSON.stringify(withoutPassword(text));
  throw unfit(`--join must be an address like tls://10.0.0.5:7077, got ${found}`);
}

function readName(name: string): string {
  if (/^[^\p{C}]{1,64}$/u.test(name)) return name;
  throw unfit('--name must be of 1 to 64 visible characters');
}

function readWorkers(text: string | undefined): number {
  if (text === undefined || text === 'auto') return availableParallelism();
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= workersMax) return count;
  throw unfit(`--workers must be auto or a number from 1 to ${workersMax}, got ${JSON.stringify(text)}`);
}

const workersMax = 256;

function unfit(problem: string): Error {
  return cliError('CLI_USAGE', `Cannot start the agent: ${problem}.`);
}
