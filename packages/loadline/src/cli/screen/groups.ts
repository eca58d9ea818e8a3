import { printable, wrapLine } from './lines.ts';
import type { Style } from './terminal.ts';

/** A group as a control plane tells it. */
export interface ToldGroup {
  readonly group: string;
  readonly policy: { readonly mode?: unknown; readonly replicas?: ToldRange };
  readonly manual?: {
    readonly replicas: number;
    readonly until: string;
    readonly setBy: string;
    readonly reason: string;
  };
  readonly fleet?: ToldFleet;
  /** Why there is no fleet. */
  readonly unseen?: string;
  readonly proxies?: readonly {
    readonly name: string;
    readonly url?: string;
    readonly isAnswering: boolean;
    readonly trouble?: string;
  }[];
  readonly last?: { readonly reason: string; readonly problem?: string };
}

interface ToldRange {
  readonly min?: unknown;
  readonly max?: unknown;
}

interface ToldFleet {
  readonly wanted: number;
  readonly ready: number;
  readonly instances: readonly {
    readonly id: string;
    readonly state: string;
    readonly url?: string;
    readonly remark?: string;
  }[];
  readonly quota?: { readonly by: string; readonly cores?: number; readonly because?: string };
}

interface Screen {
  readonly width: number;
  readonly style: Style;
}

/** Groups for people: how many there are, why, and what is not as it should be. Pure. */
export function drawGroups(groups: readonly ToldGroup[], { width, style }: Screen): string {
  if (groups.length === 0) return 'There is no group. `loadline serve --services FILE` looks after some.\n';
  return groups
    .map((group) => {
      const [head, ...further] = linesOf(group, style);
      const below = further.map((line) => `  ${line}`);
      return `${[head as string, ...below].flatMap((line) => wrapLine(line, width)).join('\n')}\n`;
    })
    .join('\n');
}

function linesOf(
  { group, policy, manual, fleet, unseen, proxies = [], last }: ToldGroup,
  style: Style,
): string[] {
  const { min, max } = policy.replicas ?? {};
  const limits = min === undefined || max === undefined ? '' : `, ${min} to ${max} allowed`;
  const mode =
    policy.mode === undefined || policy.mode === 'active'
      ? ''
      : `  ${style('yellow', printable(String(policy.mode)))}`;
  return [
    `${style('bold', printable(group))}  ${countsOf(fleet, unseen, style)}${limits}${mode}`,
    // Whose instances are not seen has it for its last reason, too.
    ...(last === undefined || last.reason === unseen ? [] : [printable(last.reason)]),
    ...(last?.problem === undefined ? [] : [style('yellow', printable(last.problem))]),
    ...(manual === undefined
      ? []
      : [
          `set by hand to ${manual.replicas} until ${timeOf(manual.until)} by ${printable(manual.setBy)}: ${printable(manual.reason)}`,
        ]),
    ...(fleet === undefined ? [] : fleetLines(fleet, style)),
    ...proxies.map(({ name, url, isAnswering, trouble }) => {
      const said = isAnswering ? 'answers' : style('red', 'does not answer');
      const where = url === undefined ? '' : ` at ${printable(url)}`;
      if (trouble === undefined) return `${printable(name)} ${said}${where}`;
      const but = isAnswering ? style('yellow', ', and is not in step') : '';
      return `${printable(name)} ${said}${where}${but}: ${printable(trouble)}`;
    }),
  ];
}

function countsOf(fleet: ToldFleet | undefined, unseen: string | undefined, style: Style): string {
  if (fleet === undefined) return style('yellow', `not seen: ${printable(unseen ?? 'nobody says why')}`);
  const { ready, wanted } = fleet;
  return style(ready < wanted ? 'yellow' : 'green', `${ready} of ${wanted} ready`);
}

/** Those that are ready and nothing else are only counted: there may be a thousand. */
function fleetLines({ instances, quota }: ToldFleet, style: Style): string[] {
  const told = instances.filter(({ state, remark }) => state !== 'ready' || remark !== undefined);
  const shown = told.slice(0, instancesShown).map(({ id, state, remark }) => {
    return style(state === 'waiting' ? 'yellow' : 'dim', `${printable(id)} ${howItIs(state, remark)}`);
  });
  const more =
    told.length > shown.length ? [style('dim', `${told.length - shown.length} more are not ready`)] : [];
  return [...shown, ...more, ...(quota === undefined ? [] : [quotaLine(quota, style)])];
}

const instancesShown = 10;

/** Of a remark that says itself how it is, the state would only be the half. */
function howItIs(state: string, remark: string | undefined): string {
  if (remark === undefined) return `is ${printable(state)}`;
  return remark.startsWith('is ') ? printable(remark) : `is ${printable(state)}: ${printable(remark)}`;
}

function quotaLine({ by, cores, because }: NonNullable<ToldFleet['quota']>, style: Style): string {
  const share = cores === undefined ? 'its share' : `${cores} of a core`;
  if (by === 'control group') return style('dim', `each is held to ${share}`);
  const held = by === 'admission' ? 'is held by how many requests it lets in' : 'is not held';
  const why = because === undefined ? '' : `: ${printable(because)}`;
  return style('yellow', `each was to be held to ${share}, and ${held}${why}`);
}

/** To the second, in UTC. */
function timeOf(time: string): string {
  return printable(time.slice(0, 19).replace('T', ' '));
}
