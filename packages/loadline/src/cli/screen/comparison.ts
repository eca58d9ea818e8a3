import { counted, formatCount, formatDuration, formatRate, formatRatio } from '../../base/index.ts';
import type { ComparedRun, Comparison, Effect, EffectVerdict } from '../../load/compare/index.ts';
import { printable, wrapLine } from './lines.ts';
import { type Column, drawTable } from './table.ts';
import type { Format, Style } from './terminal.ts';

export interface ComparisonView {
  readonly width: number;
  readonly style: Style;
  /** Also endpoints' metrics that are the same or not told apart; otherwise most of those are only counted. */
  readonly all: boolean;
}

/** A comparison as people read it on a terminal. Pure. */
export function drawComparison(comparison: Comparison, { width, style, all }: ComparisonView): string {
  const sections = [
    heading(comparison, style),
    circumstances(comparison, style),
    effects(comparison, { width, style, all }),
    rule(comparison, style),
  ];
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.flatMap((line) => wrapLine(`  ${line}`, width)).join('\n'))
    .join('\n\n')}\n\n`;
}

/** `+12 %`; of error ratios `+0.2 points`, because a percentage of a percentage misleads. */
export function formatChange(effect: Pick<Effect, 'unit'>, change: number): string {
  return `${signed(change)} ${unitOf(effect)}`;
}

/** `+8.1 to +17 %`; `unknown` where nothing tells. */
export function formatInterval(effect: Effect): string {
  const { low, high } = effect;
  if (low === undefined || high === undefined) return 'unknown';
  return `${signed(low)} to ${signed(high)} ${unitOf(effect)}`;
}

export function formatFigure({ unit }: Effect, figure: number): string {
  if (unit === 'ms') return formatDuration(figure);
  return unit === '/s' ? formatRate(figure) : formatRatio(figure);
}

/** The endpoint's name, or the whole. */
export function nameOf({ endpoint }: Effect): string {
  return endpoint ?? 'total';
}

/** What a comparison comes to, in a few words. */
export function verdictOf({ verdict, reasons, effects, margin }: Comparison): string {
  const deciding = effects.filter((effect) => effect.verdict === verdict);
  switch (verdict) {
    case 'invalid':
      return `invalid: ${reasons.length} ${reasons.length === 1 ? 'run says' : 'runs say'} nothing about the target`;
    case 'same':
      return `same: no change beyond ${formatRatio(margin)}`;
    case 'inconclusive':
      return `inconclusive: ${deciding.length} of ${effects.length} figures need more runs`;
    default:
      return `${verdict}: ${byEndpoint(deciding)}`;
  }
}

/** `search (latency p99 +18 % and 5 more), order (errors +2 points)`. */
function byEndpoint(effects: readonly Effect[]): string {
  const groups = [...Map.groupBy(effects, nameOf)].map(([name, [first, ...others]]) => {
    const { metric, change } = first as Effect;
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    return `${name} (${metric} ${formatChange(first as Effect, change)}${more})`;
  });
  const rest = groups.length - namedMax;
  return `${groups.slice(0, namedMax).join(', ')}${rest > 0 ? `, and ${rest} more endpoints` : ''}`;
}

const namedMax = 3;

const marks: Readonly<Record<Comparison['verdict'], readonly [mark: string, format: Format]>> = {
  worse: ['✗', 'red'],
  better: ['✓', 'green'],
  same: ['=', 'dim'],
  inconclusive: ['?', 'yellow'],
  invalid: ['!', 'red'],
};

function signed(change: number): string {
  const percent = change * 100;
  const rounded = Math.abs(percent) >= 100 ? Math.round(percent) : Number(percent.toPrecision(2));
  const shown = Number(rounded.toFixed(2));
  return shown > 0 ? `+${shown}` : String(shown === 0 ? 0 : shown);
}

function unitOf({ unit }: Pick<Effect, 'unit'>): string {
  return unit === 'ratio' ? 'points' : '%';
}

function heading(comparison: Comparison, style: Style): string[] {
  const [mark, format] = marks[comparison.verdict];
  const reasons = comparison.verdict === 'invalid' ? comparison.reasons : [];
  return [
    `${style('bold', 'A')}  ${describe(comparison.a)}`,
    `${style('bold', 'B')}  ${describe(comparison.b)}`,
    style(comparison.verdict === 'same' ? 'green' : format, printable(`${mark} ${verdictOf(comparison)}`)),
    ...reasons.map((reason) => `  ${printable(reason)}`),
  ];
}

/** `5 runs of shop, 1 m each, 60,000 requests, 2026-01-01 12:00 to 12:30`. */
function describe(runs: readonly ComparedRun[]): string {
  const names = [...new Set(runs.map(({ name }) => name))].join(', ');
  const meanMs = runs.reduce((sum, { activeMs }) => sum + activeMs, 0) / runs.length;
  const requests = runs.reduce((sum, run) => sum + run.requests, 0);
  const count = runs.length === 1 ? '1 run' : `${runs.length} runs`;
  const length = `${formatDuration(meanMs)}${runs.length === 1 ? '' : ' each'}`;
  const from = runs
    .map(({ startedAt }) => startedAt)
    .sort()[0]
    ?.slice(0, 16)
    .replace('T', ' ');
  return printable(`${count} of ${names}, ${length}, ${counted(requests, 'request')}, from ${from}`);
}

function circumstances({ differences, warnings }: Comparison, style: Style): string[] {
  const list = (values: readonly string[]): string =>
    values.length > 3 ? `${values.slice(0, 3).join(', ')} … (${values.length})` : values.join(', ');
  return [
    ...differences.map(({ what, a, b }) =>
      style('yellow', printable(`${what} differs: ${list(a)} → ${list(b)}`)),
    ),
    ...warnings.map((warning) => style('yellow', printable(warning))),
  ];
}

function effects(comparison: Comparison, { width, style, all }: ComparisonView): string[] {
  const shown = all ? comparison.effects : worthShowing(comparison.effects);
  const rest = countHidden(comparison.effects.filter((effect) => !shown.includes(effect))).map((line) =>
    style('dim', line),
  );
  if (shown.length === 0) return rest;
  const [title, ...lines] = drawTable(columnsFor(width), shown, width - 2);
  const formatOf = (verdict: EffectVerdict): Format => marks[verdict][1];
  return [
    style('dim', title ?? ''),
    ...lines.map((line, index) => style(formatOf((shown[index] as Effect).verdict), line)),
    ...rest,
  ];
}

/** What has changed, the whole, and of what nobody can tell the largest changes: a run of many endpoints has hundreds. */
function worthShowing(effects: readonly Effect[]): readonly Effect[] {
  const unclear = effects.filter(
    ({ verdict, endpoint }) => verdict === 'inconclusive' && endpoint !== undefined,
  );
  const shown = new Set(unclear.slice(0, unclearMax));
  return effects.filter(
    (effect) =>
      effect.endpoint === undefined ||
      effect.verdict === 'worse' ||
      effect.verdict === 'better' ||
      shown.has(effect),
  );
}

const unclearMax = 10;

function countHidden(hidden: readonly Effect[]): string[] {
  const same = hidden.filter(({ verdict }) => verdict === 'same').length;
  const parts = [
    ...(hidden.length > same ? [`${hidden.length - same} more that are inconclusive`] : []),
    ...(same > 0 ? [`${same} more that are the same`] : []),
  ];
  return parts.length === 0 ? [] : [`and ${parts.join(', and ')} (--all shows them)`];
}

function columnsFor(width: number): Column<Effect>[] {
  return [
    {
      title: '  endpoint',
      align: 'left',
      text: (effect) => `${marks[effect.verdict][0]} ${nameOf(effect)}`,
      importance: 0,
      sizeMax: Math.max(8, Math.floor(width / 4)),
    },
    { title: 'metric', align: 'left', text: ({ metric }) => metric, importance: 1 },
    { title: 'A', align: 'right', text: (effect) => formatFigure(effect, effect.a), importance: 5 },
    { title: 'B', align: 'right', text: (effect) => formatFigure(effect, effect.b), importance: 4 },
    { title: 'change', align: 'right', text: (effect) => formatChange(effect, effect.change), importance: 2 },
    { title: 'interval', align: 'right', text: formatInterval, importance: 3 },
    { title: 'verdict', align: 'left', text: ({ verdict }) => verdict, importance: 6 },
    { title: 'needs', align: 'right', text: formatRunsNeeded, importance: 7 },
  ];
}

/** How many runs each side needs: `12 runs`; empty where what is there suffices. */
export function formatRunsNeeded({ runsNeeded }: Effect): string {
  if (runsNeeded === undefined) return '';
  return runsNeeded >= 1000 ? '1,000+ runs' : `${formatCount(runsNeeded)} runs`;
}

/** By which rule the verdicts came about. */
export function ruleOf({ margin, errorMargin, confidence, effects }: Comparison): string {
  const margins = `within ± ${formatRatio(margin)} (errors ± ${formatChange({ unit: 'ratio' }, errorMargin).slice(1)})`;
  return `Changes ${margins} are none. All ${effects.length} intervals hold at once with ${formatRatio(confidence)} confidence.`;
}

function rule(comparison: Comparison, style: Style): string[] {
  return comparison.effects.length === 0 ? [] : [style('dim', ruleOf(comparison))];
}
