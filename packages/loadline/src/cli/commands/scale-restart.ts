import { sleep, systemClock } from '../../base/index.ts';
import {
  askControlPlane,
  type ControlPlanePlace,
  controlPlaneOptions,
  readControlPlane,
} from '../door/control-plane.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import { restartEnd, restartLine, type ToldInstance, type ToldRestart } from '../screen/restart.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleRestartCommand: Command = {
  help: `loadline scale restart GROUP [options]

Has a control plane replace every instance of a group by a new one, one after the other, and waits for the end. One
more is started, and gets requests, before an old one is taken out, ends what it has and is stopped: there are never
fewer that serve. A new one that does not come up stops it, and the others stay as they are.

  --reason TEXT        why, for the history
  --no-wait            ends as soon as it has begun
  --end                ends the one that goes on; those that were not replaced yet stay as they are
  --control-plane URL  default http://127.0.0.1:7070, or what LOADLINE_CONTROL_PLANE says
  --key-file F         reads the key (an operator's) from a file; otherwise it is LOADLINE_KEY
  --json               prints what the control plane told last of the group

Exit codes: 0 done, or begun; 99 it was stopped; 2 the input is wrong, or the control plane refuses; 130 interrupted,
and it goes on without being watched.
`,
  run: restart,
};

const options = {
  reason: { type: 'string' },
  'no-wait': { type: 'boolean' },
  end: { type: 'boolean' },
  ...controlPlaneOptions,
  json: { type: 'boolean' },
} as const;

async function restart(args: readonly string[], { terminal, env, signal }: Surroundings): Promise<number> {
  const { options: words, positionals } = readWords('scale restart', args, options);
  const [group, ...others] = positionals;
  if (group === undefined || others.length > 0) throw unfit('it takes the name of one group');
  if (words.end === true && (words.reason !== undefined || words['no-wait'] === true))
    throw unfit('--end has nothing to do with --reason and --no-wait');
  const at = { group, signal, place: await readControlPlane(words, env) };
  const first = words.end === true ? await end(at) : await begin(at, words.reason);
  const isWatched = words['no-wait'] !== true && words.end !== true;
  const last = isWatched ? await watch(first, at, terminal) : first;
  if (words.json === true) terminal.out(`${JSON.stringify(last, null, 2)}\n`);
  else terminal.out(tell(last, group, terminal));
  return last.fleet?.restart?.state === 'stopped' && isWatched ? exitCodes.failed : exitCodes.passed;
}

/** A group as the control plane tells it, as far as it matters here. */
interface ToldGroup {
  readonly fleet?: { readonly instances: readonly ToldInstance[]; readonly restart?: ToldRestart };
}

interface At {
  readonly group: string;
  readonly place: ControlPlanePlace;
  readonly signal: AbortSignal;
}

function begin({ group, place, signal }: At, reason: string | undefined): Promise<ToldGroup> {
  const body = reason === undefined ? { group } : { group, reason };
  const asked = { method: 'POST', body, key: place.key, signal } as const;
  return askControlPlane(place.address, '/performance/scaling/restart', asked) as Promise<ToldGroup>;
}

function end({ group, place, signal }: At): Promise<ToldGroup> {
  const path = `/performance/scaling/restart/${encodeURIComponent(group)}`;
  const asked = { method: 'DELETE', key: place.key, signal } as const;
  return askControlPlane(place.address, path, asked) as Promise<ToldGroup>;
}

/** Looks at it until it is over. */
async function watch(
  first: ToldGroup,
  { group, place, signal }: At,
  terminal: Surroundings['terminal'],
): Promise<ToldGroup> {
  const path = `/performance/scaling/status?${new URLSearchParams({ group })}`;
  let [told, said] = [first, ''];
  while (told.fleet?.restart?.state === 'going') {
    const { restart: going, instances } = told.fleet;
    const line = terminal.isInteractive
      ? `\r\u001b[K${restartLine(going, instances, terminal)}`
      : `${going.replaced} of ${going.of} instances of ${group} replaced.\n`;
    if (line !== said) terminal.err(line);
    said = line;
    await sleep(systemClock, lookMs, signal);
    const answer = await askControlPlane(place.address, path, { key: place.key, signal });
    told = (answer as { readonly items: readonly ToldGroup[] }).items[0] ?? {};
  }
  if (terminal.isInteractive) terminal.err('\r\u001b[K');
  return told;
}

const lookMs = 250;

function tell({ fleet }: ToldGroup, group: string, terminal: Surroundings['terminal']): string {
  const told = fleet?.restart;
  if (told === undefined)
    return `How the restart of ${group} ended is not known here; \`loadline scale why ${group}\` may tell.\n`;
  if (told.state === 'going') return `The restart of ${group} has begun: ${told.of} instances.\n`;
  return restartEnd(group, told, terminal);
}

function unfit(said: string): Error {
  return cliError('CLI_USAGE', `Cannot restart: ${said}.`);
}
