import type { Comparison, Effect } from '../../load/compare/index.ts';
import {
  formatChange,
  formatFigure,
  formatInterval,
  formatRunsNeeded,
  nameOf,
  ruleOf,
  verdictOf,
} from './comparison.ts';
import { printable } from './lines.ts';

/** A comparison as Markdown, for a comment on a pull request. Pure. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { verdict, reasons, differences, warnings, effects } = comparison;
  const changed = effects.filter(({ verdict: each }) => each === 'worse' || each === 'better');
  const unclear = effects.filter((effect) => effect.verdict === 'inconclusive');
  const same = effects.filter((effect) => effect.verdict === 'same');
  const notes = [
    ...(verdict === 'invalid' ? reasons : []),
    ...differences.map(({ what, a, b }) => `${what} differs: ${a.join(', ')} → ${b.join(', ')}`),
    ...warnings,
  ];
  const parts = [
    `### ${icons[verdict]} ${escapeMarkdown(verdictOf(comparison))}`,
    `${runs(comparison.a.length)} of A, ${runs(comparison.b.length)} of B.`,
    notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n'),
    table(changed),
    unclear.length === 0 ? '' : fold(`${unclear.length} inconclusive`, table(unclear)),
    same.length === 0 ? '' : fold(`${same.length} the same`, table(same)),
    effects.length === 0 ? '' : escapeMarkdown(ruleOf(comparison)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const icons: Readonly<Record<Comparison['verdict'], string>> = {
  worse: '❌',
  better: '✅',
  same: '✅',
  inconclusive: '❔',
  invalid: '⚠️',
};

function runs(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}

function table(effects: readonly Effect[]): string {
  if (effects.length === 0) return '';
  const rows = effects.map((effect) => [
    icons[effect.verdict],
    nameOf(effect),
    effect.metric,
    formatFigure(effect, effect.a),
    formatFigure(effect, effect.b),
    formatChange(effect, effect.change),
    formatInterval(effect),
    effect.runsNeeded === undefined ? effect.verdict : `${effect.verdict}, needs ${formatRunsNeeded(effect)}`,
  ]);
  const head = ['', 'endpoint', 'metric', 'A', 'B', 'change', 'interval', 'verdict'];
  const rule = ['---', '---', '---', '---:', '---:', '---:', '---:', '---'];
  return [head, rule, ...rows.map((row) => row.map(escapeMarkdown))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function fold(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

/** Names come from others: none may end a cell, begin a tag or mention somebody. */
function escapeMarkdown(text: string): string {
  return printable(text)
    .replace(/[\\|`*_[\]]/g, '\\$&')
    .replaceAll('<', '&lt;')
    .replaceAll('@', '&#64;');
}
