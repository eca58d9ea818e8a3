import { closest, ended, sleep, systemClock } from '../../base/index.ts';
import {
  askControlPlane,
  type ControlPlanePlace,
  controlPlaneOptions,
  readControlPlane,
} from '../door/control-plane.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import { drawRollout, drawRollouts, drawTurn, rolloutEnd, type ToldRollout } from '../screen/rollout.ts';
import type { Command, Surroundings } from './command.ts';

export const rolloutCommand: Command = {
  help: `loadline rollout WORD …

Has a control plane bring a new build of a service into its traffic by shares, watch it beside the one that serves, and
take it back where it is worse. The services file says what it is, as the candidate of the service, and how it comes.

  list [SERVICE]           rollouts, those that are over too, the latest first
  start SERVICE VERSION    brings in the candidate of this version
  show SERVICE             how its latest rollout stands, by what it is judged, and every turn with its reason
  watch SERVICE            tells each turn as it comes, and waits for the end
  pause SERVICE            lets it go no further; it is guarded all the same
  resume SERVICE           lets it go on
  promote SERVICE          takes the present step for passed; with --all every one but the last
  roll-back SERVICE        turns the traffic back at once

  --id ID              another rollout of the service than the latest
  --reason TEXT        why, for whoever reads it later
  --wait               of start: tells each turn as it comes, and waits for the end
  --all                of promote: what is left is the step in which there is still a way back
  --control-plane URL  default http://127.0.0.1:7070, or what LOADLINE_CONTROL_PLANE says
  --key-file F         reads the key from a file; otherwise it is LOADLINE_KEY. To look, a viewer's is enough
  --json               prints what the control plane answered last

Exit codes: 0 done, told or promoted; 99 what was waited for was rolled back; 2 the input is wrong, or the control plane
refuses; 130 interrupted, and the rollout goes on.
`,
  run: rollout,
};

const words = ['list', 'start', 'show', 'watch', 'pause', 'resume', 'promote', 'roll-back'] as const;
type RolloutWord = (typeof words)[number];

const options = {
  id: { type: 'string' },
  reason: { type: 'string' },
  wait: { type: 'boolean' },
  all: { type: 'boolean' },
  ...controlPlaneOptions,
  json: { type: 'boolean' },
} as const;

/** Which options mean something beside those that always do. */
const meant: Readonly<Record<RolloutWord, readonly string[]>> = {
  list: [],
  start: ['wait'],
  show: ['id'],
  watch: ['id'],
  pause: ['id', 'reason'],
  resume: ['id', 'reason'],
  promote: ['id', 'reason', 'all'],
  'roll-back': ['id', 'reason'],
};

async function rollout(
  [said, ...args]: readonly string[],
  { terminal, env, signal }: Surroundings,
): Promise<number> {
  const word = words.find((each) => each === said);
  if (word === undefined) throw unknownWord(said);
  const { options: given, positionals } = readWords(`rollout ${word}`, args, options);
  checkWords(word, positionals, given);
  const plane: Plane = { place: await readControlPlane(given, env), signal };
  const print = (answer: unknown, drawn: string): number => {
    terminal.out(given.json === true ? `${JSON.stringify(answer, null, 2)}\n` : drawn);
    return exitCodes.passed;
  };
  const [service, candidate] = positionals as [string, string];
  if (word === 'list') {
    const items = await listOf(plane, service);
    return print({ items }, drawRollouts(items, terminal));
  }
  if (word === 'start') {
    const started = await post(plane, '', { service, candidate });
    if (given.wait !== true) return print(started, drawRollout(started, terminal));
    return watchToEnd(plane, started, { terminal, isJson: given.json === true });
  }
  const id = given.id ?? (await latestOf(plane, service));
  if (word === 'show' || word === 'watch') {
    const found = await get(plane, id);
    if (word === 'show') return print(found, drawRollout(found, terminal));
    return watchToEnd(plane, found, { terminal, isJson: given.json === true });
  }
  const { reason, all } = given;
  const body = { ...(reason === undefined ? {} : { reason }), ...(all === undefined ? {} : { all }) };
  const changed = await post(plane, `/${encodeURIComponent(id)}/${word}`, body);
  return print(changed, drawRollout(changed, terminal));
}

interface Plane {
  readonly place: ControlPlanePlace;
  readonly signal: AbortSignal;
}

const root = '/performance/rollouts';

async function listOf(
  { place, signal }: Plane,
  service: string | undefined,
): Promise<readonly ToldRollout[]> {
  const query = service === undefined ? '' : `?${new URLSearchParams({ service })}`;
  const answer = await askControlPlane(place.address, `${root}${query}`, { key: place.key, signal });
  return (answer as { readonly items: readonly ToldRollout[] }).items;
}

async function latestOf(plane: Plane, service: string): Promise<string> {
  const [latest] = await listOf(plane, service);
  if (latest === undefined) throw unfit(`there was no rollout of ${service} yet`);
  return latest.id;
}

function get({ place, signal }: Plane, id: string): Promise<ToldRollout> {
  const path = `${root}/${encodeURIComponent(id)}`;
  return askControlPlane(place.address, path, { key: place.key, signal }) as Promise<ToldRollout>;
}

function post({ place, signal }: Plane, path: string, body: object): Promise<ToldRollout> {
  const asked = { method: 'POST', body, key: place.key, signal } as const;
  return askControlPlane(place.address, `${root}${path}`, asked) as Promise<ToldRollout>;
}

const lookMs = 1000;

/** Tells each turn once, and what came of it all. */
async function watchToEnd(
  plane: Plane,
  first: ToldRollout,
  { terminal, isJson }: { readonly terminal: Surroundings['terminal']; readonly isJson: boolean },
): Promise<number> {
  let told = first;
  let said: string | undefined;
  for (;;) {
    const { log = [] } = told;
    // By what it says, not by its place: of a long log the oldest turns are forgotten.
    const last = log.findLastIndex((turn) => JSON.stringify(turn) === said);
    for (const turn of log.slice(last + 1)) terminal.err(`${drawTurn(turn, terminal).join('\n')}\n`);
    said = JSON.stringify(log.at(-1));
    if (told.phase === 'promoted' || told.phase === 'rolled back') break;
    await sleep(systemClock, lookMs, plane.signal);
    told = await get(plane, told.id);
  }
  terminal.out(isJson ? `${JSON.stringify(told, null, 2)}\n` : rolloutEnd(told, terminal));
  return told.phase === 'promoted' ? exitCodes.passed : exitCodes.failed;
}

function checkWords(
  word: RolloutWord,
  positionals: readonly string[],
  given: Readonly<Partial<Record<'id' | 'reason' | 'wait' | 'all', unknown>>>,
): void {
  const wanted = { list: [0, 1], start: [2, 2] }[word as string] ?? [1, 1];
  const [least, most] = wanted as [number, number];
  if (positionals.length < least || positionals.length > most) {
    const takes = word === 'start' ? 'a service and a version' : 'the name of one service';
    throw unfit(`\`rollout ${word}\` takes ${takes}`);
  }
  for (const name of ['id', 'reason', 'wait', 'all'] as const)
    if (given[name] !== undefined && !meant[word].includes(name))
      throw unfit(`--${name} means nothing to \`rollout ${word}\``);
}

function unknownWord(said: string | undefined): Error {
  const near = said === undefined ? undefined : closest(said, words);
  const hint = near === undefined ? `known are ${words.join(', ')}` : `did you mean ${near}?`;
  const problem = said === undefined ? 'a word is missing after it' : `there is no \`rollout ${said}\``;
  return cliError('CLI_USAGE', `Cannot understand \`loadline rollout\`: ${problem}; ${ended(hint)}`);
}

function unfit(said: string): Error {
  return cliError('CLI_USAGE', `Cannot roll out: ${said}.`);
}
