import { formatDuration } from '../../base/index.ts';
import { showMetric } from '../../scaling/index.ts';
import { printable, wrapLine } from './lines.ts';
import type { Format, Style } from './terminal.ts';

/** A decision as a control plane tells it. */
export interface ToldDecision {
  readonly from: string;
  readonly until: string;
  readonly count: number;
  /** `restart` is no decision about the size, and stands between them. */
  readonly action: 'scale out' | 'scale in' | 'hold' | 'unseen' | 'restart';
  readonly reason: string;
  readonly otherwise?: string;
  readonly sure?: number;
  readonly outcome?: string;
  readonly problem?: string;
  readonly seen?: Readonly<Record<string, readonly number[]>>;
}

const formats: Readonly<Record<ToldDecision['action'], Format>> = {
  'scale out': 'green',
  'scale in': 'cyan',
  hold: 'dim',
  unseen: 'yellow',
  restart: 'cyan',
};

/** Decisions for people, in the order that they have: what was decided, and below it what belongs to it. */
export function drawDecisions(
  group: string,
  decisions: readonly ToldDecision[],
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  if (decisions.length === 0) return `Nothing was decided about ${printable(group)} then.\n`;
  const lines = decisions.flatMap((decision) => {
    const head = `${timeOf(decision.from)}  ${style(formats[decision.action], headOf(decision))}`;
    return [head, ...furtherOf(decision).map((text) => `${indent}${style('dim', text)}`)];
  });
  return `${lines.flatMap((line) => wrapLine(line, width, indent.length)).join('\n')}\n`;
}

const indent = ' '.repeat(21);

/** To the second, in UTC: `2026-06-06 12:00:15`. */
function timeOf(time: string): string {
  return printable(time.slice(0, 19).replace('T', ' '));
}

function headOf({ action, reason, outcome, problem }: ToldDecision): string {
  if (action === 'unseen') return `Not seen: ${printable(reason)}.`;
  const failed = outcome !== undefined && outcome !== 'accepted';
  const why = problem === undefined ? '' : `: ${printable(problem)}`;
  return `${printable(reason)}${failed ? ` (${printable(outcome)}${why})` : ''}`;
}

function furtherOf(decision: ToldDecision): string[] {
  const { from, until, count, sure, otherwise, problem, outcome, seen = {} } = decision;
  const lastedMs = Date.parse(until) - Date.parse(from);
  const facts = [
    ...(count > 1 ? [`${count} times in ${formatDuration(lastedMs)}`] : []),
    ...(sure === undefined ? [] : [`${Math.round(sure * 100)} % sure`]),
    ...Object.entries(seen).flatMap(([metric, [least, most]]) =>
      count === 1 || least === undefined || most === undefined || least === most
        ? []
        : [`${printable(metric)} ${showMetric(metric, least)} to ${showMetric(metric, most)}`],
    ),
    ...(problem !== undefined && outcome === undefined ? [printable(problem)] : []),
  ];
  return [
    ...(facts.length === 0 ? [] : [facts.join(' · ')]),
    ...(otherwise === undefined ? [] : [printable(otherwise)]),
  ];
}
