import { parseDuration, parseInstant, systemClock } from '../../base/index.ts';
import {
  askControlPlane,
  type ControlPlanePlace,
  controlPlaneOptions,
  readControlPlane,
} from '../door/control-plane.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import { drawDecisions, type ToldDecision } from '../screen/decisions.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleWhyCommand: Command = {
  help: `loadline scale why GROUP [options]

Asks a control plane why a group has the size that it has: what was decided, also to do nothing, from which values, what
bound it, how sure it was, and what would have changed it. The newest is last.

  --at TIME            what was decided at that moment: 2026-06-06T12:00:00Z, or 2h for two hours ago
  --last TIME          what was decided meanwhile; default 1h, at most 7d
  --steps              only where something was done, or tried; rolling restarts stand between the decisions
  --control-plane URL  default http://127.0.0.1:7070, or what LOADLINE_CONTROL_PLANE says
  --key-file F         reads the key (a viewer's is enough) from a file; otherwise it is LOADLINE_KEY
  --json               prints what the control plane answered

Exit codes: 0 told, 2 the input is wrong, or the control plane cannot be asked.
`,
  run: tellWhy,
};

const options = {
  at: { type: 'string' },
  last: { type: 'string' },
  steps: { type: 'boolean' },
  ...controlPlaneOptions,
  json: { type: 'boolean' },
} as const;

const weekMs = 7 * 86_400_000;
/** Of one answer, and in all: more than a day has at one a second. */
const itemsMax = 1000;
const pagesMax = 100;

async function tellWhy(args: readonly string[], { terminal, env, signal }: Surroundings): Promise<number> {
  const { options: words, positionals } = readWords('scale why', args, options);
  const [group, ...others] = positionals;
  if (group === undefined || others.length > 0) throw unfit('it takes the name of one group');
  if (words.at !== undefined && words.last !== undefined) throw unfit('--at and --last exclude each other');
  const nowMs = systemClock.now();
  const times = readTimes(words, nowMs);
  const { address, key } = await readControlPlane(words, env);
  const items: ToldDecision[] = [];
  let isMore = true;
  for (let page = 0; isMore && page < pagesMax; page++) {
    const query = new URLSearchParams({ group, limit: String(itemsMax), ...times });
    const answer = await askControlPlane(address, `/performance/scaling/decisions?${query}`, { key, signal });
    const { items: told } = answer as { readonly items: readonly ToldDecision[] };
    items.push(...told);
    isMore = told.length === itemsMax;
    times.to = told.at(-1)?.from ?? '';
  }
  if (words.json === true) terminal.out(`${JSON.stringify({ items }, null, 2)}\n`);
  else {
    const told = words.steps === true ? items.filter(({ action }) => action !== 'hold') : items;
    const asked = { group, last: words.last, nowMs, place: { address, key }, signal };
    const restarts = words.at === undefined ? await readRestarts(asked) : [];
    const inOrder = [...told, ...restarts].toSorted((a, b) => Date.parse(a.from) - Date.parse(b.from));
    const { width, style } = terminal;
    terminal.out(drawDecisions(group, inOrder, { width, style }));
  }
  if (isMore) terminal.err(`There are more than ${items.length}; ask for a shorter time.\n`);
  return exitCodes.passed;
}

interface AskedRestarts {
  readonly group: string;
  readonly last: string | undefined;
  readonly nowMs: number;
  readonly place: ControlPlanePlace;
  readonly signal: AbortSignal;
}

/** The latest rolling restarts of that time: instances came and went, and the size says nothing of it. */
async function readRestarts({ group, last, nowMs, place, signal }: AskedRestarts): Promise<ToldDecision[]> {
  const times = readTimes({ last }, nowMs);
  const query = new URLSearchParams({ group, action: 'restart', limit: '200', ...times });
  const answer = await askControlPlane(place.address, `/performance/scaling/history?${query}`, {
    key: place.key,
    signal,
  });
  const { items } = answer as { readonly items: readonly { readonly at: string; readonly reason: string }[] };
  return items.map(({ at, reason }) => ({ from: at, until: at, count: 1, action: 'restart', reason }));
}

function readTimes(
  { at, last = '1h' }: { readonly at?: string | undefined; readonly last?: string | undefined },
  nowMs: number,
): Record<string, string> {
  if (at !== undefined) {
    const agoMs = parseDuration(at);
    const atMs = agoMs === undefined ? (parseInstant(at) ?? Number.NaN) : nowMs - agoMs;
    // Also a time of ages ago, for which there is no date.
    if (Number.isNaN(new Date(atMs).getTime()))
      throw unfit(
        `--at must be a time with its zone, like 2026-06-06T12:00:00Z, or how long ago, like 2h, got ${at}`,
      );
    return { at: new Date(atMs).toISOString() };
  }
  const lastMs = parseDuration(last);
  if (lastMs === undefined || lastMs === 0 || lastMs > weekMs)
    throw unfit(`--last must be a time with its unit, at most 7d, got ${last}`);
  return { from: new Date(nowMs - lastMs).toISOString(), to: new Date(nowMs + 1).toISOString() };
}

function unfit(said: string): Error {
  return cliError('CLI_USAGE', `Cannot tell why: ${said}.`);
}
