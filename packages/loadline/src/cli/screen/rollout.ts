import { counted, formatDuration } from '../../base/index.ts';
import { printable, wrapLine } from './lines.ts';
import { drawBar } from './progress-line.ts';
import { drawTable } from './table.ts';
import type { Format, Style } from './terminal.ts';

/** A rollout as a control plane tells it. */
export interface ToldRollout {
  readonly id: string;
  readonly service: string;
  readonly baseline: string;
  readonly candidate: string;
  readonly phase: string;
  readonly phaseSince: string;
  readonly share: number;
  readonly step: number;
  readonly steps: readonly object[];
  readonly requests: number;
  readonly startedAt: string;
  readonly startedBy: string;
  readonly reason: string;
  readonly verdict?: string;
  readonly effects?: readonly ToldEffect[];
  readonly troubles?: Readonly<Record<string, string>>;
  /** Not in lists. */
  readonly log?: readonly ToldTurn[];
}

export interface ToldEffect {
  readonly endpoint?: string;
  readonly metric: string;
  readonly verdict: string;
  readonly change?: number;
  readonly low?: number;
  readonly high?: number;
}

export interface ToldTurn {
  readonly at: string;
  readonly phase: string;
  readonly share: number;
  readonly reason: string;
}

export interface RolloutScreen {
  readonly width: number;
  readonly style: Style;
}

const formats: Readonly<Record<string, Format>> = {
  watching: 'cyan',
  preparing: 'cyan',
  finishing: 'cyan',
  paused: 'yellow',
  promoted: 'green',
  'rolling back': 'red',
  'rolled back': 'red',
};

/** A rollout for people: how it stands, by what it is judged, and every turn with its reason. Pure. */
export function drawRollout(rollout: ToldRollout, screen: RolloutScreen): string {
  const { style, width } = screen;
  const { phase, share, step, steps, troubles = {}, log = [] } = rollout;
  const { service, baseline, candidate } = rollout;
  const head = `${style('bold', printable(service))}  ${printable(`${baseline} → ${candidate}`)}  ${style(formats[phase] ?? 'dim', phase)}`;
  const bar = drawBar(share, Math.max(1, Math.min(20, width - 8)));
  const lines = [
    head,
    `${style('cyan', bar)} ${percent(share)} of the requests, step ${step} of ${steps.length}`,
    ...Object.entries(troubles).map(([who, why]) =>
      style('yellow', `${printable(who)} does not do what was asked: ${printable(why)}`),
    ),
  ];
  const told = lines.flatMap((line) => wrapLine(line, width));
  return `${[...told, ...evidenceOf(rollout, screen), '', ...log.flatMap((each) => drawTurn(each, screen))].join('\n')}\n`;
}

/** One turn: when, and why. Pure. */
export function drawTurn({ at, phase, reason }: ToldTurn, { width, style }: RolloutScreen): string[] {
  const time = printable(at.slice(0, 19).replace('T', ' '));
  return wrapLine(
    `${style('dim', time)}  ${style(formats[phase] ?? 'dim', '●')} ${printable(reason)}`,
    width,
  );
}

/** Rollouts, a line each, in the order that they have. Pure. */
export function drawRollouts(rollouts: readonly ToldRollout[], { width }: RolloutScreen): string {
  if (rollouts.length === 0) return 'There was no rollout yet.\n';
  const lines = drawTable<ToldRollout>(
    [
      { title: 'rollout', align: 'left', text: ({ id }) => id, importance: 0 },
      { title: 'phase', align: 'left', text: ({ phase }) => phase, importance: 1 },
      { title: 'share', align: 'right', text: ({ share }) => percent(share), importance: 2 },
      { title: 'instead of', align: 'left', text: ({ baseline }) => baseline, importance: 4 },
      { title: 'since', align: 'left', text: ({ phaseSince }) => minuteOf(phaseSince), importance: 3 },
      { title: 'by', align: 'left', text: ({ startedBy }) => startedBy, importance: 5, sizeMax: 24 },
    ],
    rollouts,
    width,
  );
  return `${lines.join('\n')}\n`;
}

/** What the present step is judged by; nothing where it is judged no more. */
function evidenceOf(
  { verdict, effects = [], requests }: ToldRollout,
  { width, style }: RolloutScreen,
): string[] {
  if (verdict === undefined) return [];
  const known = effects.filter(({ low, high }) => low !== undefined && high !== undefined);
  const answered = `${counted(requests, 'request')} in this step`;
  if (known.length === 0) return wrapLine(`${answered}; nothing can be said yet`, width);
  const table = drawTable<ToldEffect>(
    [
      {
        title: 'endpoint',
        align: 'left',
        text: ({ endpoint = 'all' }) => endpoint,
        importance: 3,
        sizeMax: 40,
      },
      { title: 'metric', align: 'left', text: ({ metric }) => metric, importance: 0 },
      { title: 'change', align: 'right', text: (effect) => signed(effect.change, effect), importance: 1 },
      {
        title: 'between',
        align: 'left',
        text: (effect) => `${signed(effect.low, effect)} and ${signed(effect.high, effect)}`,
        importance: 4,
      },
      { title: 'verdict', align: 'left', text: (effect) => effect.verdict, importance: 2 },
    ],
    known,
    width - 2,
  );
  const said = verdict === 'inconclusive' ? 'too early to say' : verdict;
  return [
    `${answered}; so far: ${style(verdict === 'worse' ? 'red' : 'bold', said)}`,
    ...table.map((line) => `  ${line}`),
  ];
}

/** How long it took and what came of it, in a sentence. Pure. */
export function rolloutEnd(rollout: ToldRollout, { width, style }: RolloutScreen): string {
  const { phase, startedAt, phaseSince, reason } = rollout;
  const took = formatDuration(Math.round((Date.parse(phaseSince) - Date.parse(startedAt)) / 1000) * 1000);
  const line = `${style(formats[phase] ?? 'bold', phase)} after ${took}: ${printable(reason)}`;
  return `${wrapLine(line, width).join('\n')}\n`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** Of errors it is what their share of the requests grew by. */
function signed(change: number | undefined, { metric }: ToldEffect): string {
  if (change === undefined) return '?';
  const rounded = Number((change * 100).toPrecision(2)) + 0;
  return `${rounded > 0 ? '+' : ''}${rounded} ${metric === 'errors' ? 'points' : '%'}`;
}

/** In UTC. */
function minuteOf(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}
