import { formatCount, formatDuration, formatRate, formatRatio } from '../../base/index.ts';
import type { LoadReport, Verdict } from '../report.ts';
import type { ReportRow } from '../report-row.ts';
import { answeredLatency, errorKinds, verdictWords } from './figures.ts';

/** What stands in a comment besides the run. */
export interface MarkdownOptions {
  /** How the run compares with others, as finished lines of Markdown. */
  readonly comparison?: readonly string[];
}

/**
 * A run as a comment for a pull request, in GitHub's and GitLab's Markdown. It begins with a mark that no reader sees, so
 * that a pipeline finds its comment again and replaces it. The long tables are cut, which the comment says, so that it stays
 * far below the 65,536 characters that GitHub takes. Pure.
 */
export function renderMarkdown(report: LoadReport, { comparison = [] }: MarkdownOptions = {}): string {
  const sections = [
    [commentMark],
    [`### ${icons[report.verdict.status]} ${code(report.name)} ${verdictWords[report.verdict.status]}`],
    report.verdict.reasons.slice(0, rowsMax).map((reason) => `- ${prose(reason)}`),
    summary(report),
    thresholds(report),
    comparison,
    errors(report),
    endpoints(report),
    unseen(report),
    workers(report),
    [footer(report)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const commentMark = '<!-- loadline-report -->';
const rowsMax = 20;
const nameLengthMax = 80;
const reasonLengthMax = 400;

const icons: Readonly<Record<Verdict['status'], string>> = {
  passed: '✅',
  failed: '❌',
  invalid: '🚫',
  inconclusive: '❔',
  interrupted: '⏹️',
};

function summary({ offered, total }: LoadReport): string[] {
  const latency = answeredLatency(total);
  const shown = (of: 'p50' | 'p95' | 'p99'): string =>
    latency === undefined ? '–' : formatDuration(latency[of]);
  const late = [
    ...(offered.dropped > 0 ? [`**${formatCount(offered.dropped)} dropped**, never started`] : []),
    ...(offered.waited > 0 ? [`${formatCount(offered.waited)} waited for a free user`] : []),
    ...(offered.unfinished > 0 ? [`${formatCount(offered.unfinished)} unanswered at the end`] : []),
    ...(offered.unreported > 0 ? [`${formatCount(offered.unreported)} lost with their worker`] : []),
  ];
  return [
    '| offered | achieved | errors | p50 | p95 | p99 |',
    '| --: | --: | --: | --: | --: | --: |',
    `| ${formatRate(offered.ratePerSecond)} | ${formatRate(offered.achievedPerSecond)} | ${formatRatio(total.errorRatio)} | ${shown('p50')} | **${shown('p95')}** | ${shown('p99')} |`,
    ...(late.length === 0 ? [] : ['', `${late.join(', ')}.`]),
  ];
}

function thresholds({ thresholds: results, verdict: { status } }: LoadReport): string[] {
  if (results.length === 0) return [];
  const isJudged = status !== 'interrupted' && status !== 'invalid';
  const marks = { passed: '✅', failed: '❌', 'no data': '❔' };
  const order = ['failed', 'no data', 'passed'];
  return table(
    [`| | ${isJudged ? 'threshold' : 'threshold, not judged'} | measured |`, '| --- | --- | --: |'],
    results.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict)),
    ({ text, verdict, shown }) => [isJudged ? marks[verdict] : '–', code(text), code(shown)],
  );
}

function errors({ endpoints: rows }: LoadReport): string[] {
  const kinds = errorKinds(rows);
  if (kinds.length === 0) return [];
  const title = `${formatCount(kinds.length)} ${kinds.length === 1 ? 'kind' : 'kinds'} of errors`;
  return folded(
    title,
    table(
      ['| count | endpoint | error | example |', '| --: | --- | --- | --- |'],
      kinds,
      ({ endpoint, count, what, example }) => [formatCount(count), code(endpoint), code(what), code(example)],
    ),
  );
}

function endpoints({ endpoints: rows }: LoadReport): string[] {
  if (rows.length === 0) return [];
  return folded(
    `${formatCount(rows.length)} ${rows.length === 1 ? 'endpoint' : 'endpoints'}`,
    table(
      ['| endpoint | requests | errors | p50 | p95 | p99 |', '| --- | --: | --: | --: | --: | --: |'],
      rows.toSorted((a, b) => b.requests - a.requests),
      (row) => [code(row.name), formatCount(row.requests), formatRatio(row.errorRatio), ...latencies(row)],
    ),
  );
}

function latencies(row: ReportRow): string[] {
  const latency = answeredLatency(row);
  return (['p50', 'p95', 'p99'] as const).map((of) =>
    latency === undefined ? '–' : formatDuration(latency[of]),
  );
}

function unseen({ unseen: problems }: LoadReport): string[] {
  if (problems.length === 0) return [];
  const lines = problems.slice(0, rowsMax).map((problem) => `- ${code(problem, reasonLengthMax)}`);
  return ['Not everything was seen of the target:', '', ...lines];
}

/** Those who made the load, where they were several. How one was lost is among the reasons of the verdict. */
function workers({ workers: rows }: LoadReport): string[] {
  if (rows.length === 0) return [];
  const names = rows
    .slice(0, rowsMax)
    .map(({ name, lost }) =>
      lost === undefined ? code(name) : `${code(name)} (lost after ${formatDuration(lost.atMs)})`,
    );
  const more = rows.length > rowsMax ? ` and ${formatCount(rows.length - rowsMax)} more` : '';
  return [`Made by ${names.join(', ')}${more}.`];
}

function footer({ generator, activeMs, target, environment, seed }: LoadReport): string {
  const facts = [
    formatDuration(activeMs),
    code(target),
    `Loadline ${code(environment.loadline)}`,
    `seed ${seed}`,
  ];
  return `<sub>${facts.join(' · ')} · ${prose(generator.statement)}</sub>`;
}

function folded(title: string, lines: readonly string[]): string[] {
  return [`<details><summary>${title}</summary>`, '', ...lines, '', '</details>'];
}

/** The first rows, and how many there are beyond. */
function table<Row>(
  header: readonly string[],
  rows: readonly Row[],
  cellsOf: (row: Row) => readonly string[],
): string[] {
  const shown = rows.slice(0, rowsMax).map((row) => `| ${cellsOf(row).join(' | ')} |`);
  if (rows.length <= rowsMax) return [...header, ...shown];
  return [...header, ...shown, '', `… and ${formatCount(rows.length - rowsMax)} more.`];
}

/**
 * A sentence of ours as text, without a mark of its own. What GitHub would take for a mention or an issue once it has
 * made text of the Markdown can't be escaped: such a sentence becomes code.
 */
function prose(text: string): string {
  if (/[@#\p{Cc}]/u.test(text) || text.length > reasonLengthMax) return code(text, reasonLengthMax);
  return text.replace(/[!$&(-+\-./:<>[-`{-~]/g, '\\$&');
}

/**
 * Someone else's words as a code span, in which nothing is a link, a mention or a tag: on one line, not too long, fenced
 * by more backticks than it has. A bar would end a table's cell even there, so it becomes a broken one.
 */
function code(text: string, lengthMax = nameLengthMax): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('|', '¦');
  if (line.trim() === '') return '–';
  const characters = [...line];
  const short = characters.length <= lengthMax ? line : `${characters.slice(0, lengthMax - 1).join('')}…`;
  const fence = '`'.repeat(1 + Math.max(0, ...(short.match(/`+/g) ?? []).map((run) => run.length)));
  const pad = fence.length > 1 ? ' ' : '';
  return `${fence}${pad}${short}${pad}${fence}`;
}
