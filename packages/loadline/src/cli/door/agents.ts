import { hostname } from 'node:os';
import { unbracketed } from '../../base/index.ts';
import type { ErrandOptions } from '../../load/agents/index.ts';
import type { WorkerLink } from '../../load/index.ts';
import type { Terminal } from '../screen/terminal.ts';
import { readAgentToken } from './agent-token.ts';
import { cliError } from './errors.ts';

export const agentOptions = {
  agents: { type: 'string' },
  listen: { type: 'string' },
  'token-file': { type: 'string' },
} as const;

/** The other machines that a run is to be made on. */
export interface AskedAgents {
  readonly count: number;
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** @throws CLI_USAGE */
export function readAgents(
  words: { readonly [name in keyof typeof agentOptions]?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): AskedAgents | undefined {
  const { agents, listen } = words;
  if (agents === undefined && listen === undefined && words['token-file'] === undefined) return undefined;
  const count = /^\d+$/.test(agents ?? '') ? Number(agents) : 0;
  if (count < 1 || count > agentsMax)
    throw unfit(`--agents must be a number from 1 to ${agentsMax}, got ${agents ?? 'nothing'}`);
  const [, host, port] = /^(\[[\da-fA-F:.%]+\]|[^:\s]+):(\d{1,5})$/.exec(listen ?? '') ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw unfit(
      `--listen must be the address where agents join, as in 0.0.0.0:7077, got ${listen ?? 'nothing'}`,
    );
  return {
    count,
    host: unbracketed(host),
    port: Number(port),
    token: readAgentToken(words, env),
  };
}

const agentsMax = 1000;

function unfit(problem: string): Error {
  return cliError('CLI_USAGE', `Cannot run on agents: ${problem}.`);
}

/**
 * Waits until so many agents have joined, and gives them the scenario; then nobody else can join.
 *
 * @throws what `listenForAgents` and `prepareErrand` throw; the signal's reason.
 */
export async function gatherAgents(
  { count, ...address }: AskedAgents,
  {
    file,
    errand,
    terminal,
    signal,
  }: {
    readonly file: string;
    readonly errand: ErrandOptions;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
  },
): Promise<readonly WorkerLink[]> {
  const { listenForAgents, prepareErrand } = await import('../../load/agents/index.ts');
  const prepared = await prepareErrand(file, errand);
  let most = 0;
  let turnedAway = 0;
  using listener = await listenForAgents({
    ...address,
    onWaiting: (waiting) => {
      if (waiting > most && waiting <= count) terminal.err(`${waiting} of ${count} agents are here.\n`);
      most = Math.max(most, waiting);
    },
    onTurnedAway: (stranger, because) => {
      turnedAway++;
      if (turnedAway <= turnedAwayShown) terminal.err(`Did not let in ${stranger}: ${because}.\n`);
      if (turnedAway === turnedAwayShown) terminal.err('Those who come after them are not shown.\n');
    },
  });
  const url = listener.url.replace(/\/\/(?:0\.0\.0\.0|\[::\]):/, `//${hostname()}:`);
  terminal.err(
    `Waiting for ${count === 1 ? 'an agent' : `${count} agents`}, to be started with the same token:\n  loadline agent --join ${url}\n`,
  );
  return await listener.next(count, prepared, signal);
}

/** Whoever knocks at the port may do so a thousand times. */
const turnedAwayShown = 10;
