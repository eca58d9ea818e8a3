import {
  counted,
  formatCount,
  formatDuration,
  formatRate,
  formatRatio,
  html,
  type Markup,
} from '../../../base/index.ts';
import { pageHeader } from '../../../base/page/index.ts';
import type { LoadReport } from '../../report.ts';
import type { SessionCounts } from '../../transports/session.ts';
import { answeredLatency } from '../figures.ts';

/** The top of the page: what was run, how it ended and why, and the figures that one looks for first. */
export function verdictSection(report: LoadReport): Markup {
  const { status, reasons } = report.verdict;
  return html`${pageHeader(report.name, html`<b>${report.target}</b><span>${when(report.startedAt)}</span><span>${lengthOf(report)}</span>`)}
<section class="verdict ${status}" role="status"><p class="word">${status}</p><div><p class="meaning">${meaningOf(report)}</p>${
    reasons.length === 0 ? undefined : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`
  }</div></section>
${tiles(report)}
${offeredSection(report)}`;
}

function meaningOf({ verdict: { status }, total, thresholds, generator }: LoadReport): string {
  switch (status) {
    case 'passed':
      return thresholds.length > 0
        ? 'Every threshold was met, and the generator kept up.'
        : 'The target answered, and the generator kept up. There was no threshold.';
    case 'failed':
      return total.requests > total.errors
        ? 'A threshold was not met.'
        : 'No request was answered as expected.';
    case 'invalid':
      return `These numbers say nothing about the target${generator.wasBottleneck ? ': the generator itself was the bottleneck' : ''}.`;
    case 'inconclusive':
      return 'A threshold had nothing to be held against.';
    case 'interrupted':
      return 'What is below was measured until then.';
  }
}

function tiles(report: LoadReport): Markup {
  const { offered, total } = report;
  const latency = answeredLatency(total);
  const shown = (of: 'p50' | 'p95' | 'p99'): string =>
    latency === undefined ? '–' : formatDuration(latency[of]);
  const achieved =
    offered.requests === 0 ? '' : `${formatRatio(offered.achieved / offered.requests)} of offered`;
  const tile = (label: string, value: string, note: string, tone = ''): Markup =>
    html`<div class="tile ${tone}"><dt>${label}</dt><dd><span>${value}</span><small>${note}</small></dd></div>`;
  return html`<dl class="tiles">
${tile('Offered', formatRate(offered.ratePerSecond), counted(offered.requests, 'request'))}
${tile('Achieved', formatRate(offered.achievedPerSecond), achieved)}
${tile('Errors', formatRatio(total.errorRatio), counted(total.errors, 'request'), total.errors > 0 ? 'bad' : '')}
${tile('Latency p50', shown('p50'), '1 in 2 was slower')}
${tile('Latency p95', shown('p95'), '1 in 20 was slower')}
${tile('Latency p99', shown('p99'), '1 in 100 was slower')}
</dl>`;
}

/** Where the offered requests went; the parts add up to the whole. */
function offeredSection({ offered, total, iterations, sessions }: LoadReport): Markup {
  const parts = [
    { name: 'answered as expected', count: offered.achieved, tone: 'good' },
    { name: 'errors', count: total.errors, tone: 'bad' },
    { name: 'unanswered at the end', count: offered.unfinished, tone: 'other' },
    { name: 'dropped, never started', count: offered.dropped, tone: 'high' },
    { name: 'lost with their worker', count: offered.unreported, tone: 'low' },
  ].filter(({ count }) => count > 0);
  const whole = Math.max(1, offered.requests);
  let before = 0;
  const bars = parts.map(({ name, count, tone }) => {
    const x = (before / whole) * 100;
    before += count;
    return html`<rect class="${tone}" x="${x.toFixed(2)}%" width="${((count / whole) * 100).toFixed(2)}%" height="14"><title>${name}: ${formatCount(count)}</title></rect>`;
  });
  const facts = [
    ...(offered.arrivals === undefined ? [] : [`The schedule had ${counted(offered.arrivals, 'arrival')}.`]),
    ...(offered.waited > 0
      ? [
          `${formatCount(offered.waited)} began late because all users were busy; their wait is part of their latency.`,
        ]
      : []),
    `${formatCount(iterations.completed)} of ${formatCount(iterations.started)} iterations were completed${iterations.interrupted > 0 ? `, ${formatCount(iterations.interrupted)} were under way when their time was over` : ''}.`,
    ...Object.entries(iterations.cutShortBecause).map(
      ([why, count]) =>
        `${count === 1 ? '1 iteration was' : `${formatCount(count)} iterations were`} cut short: ${why}.`,
    ),
    ...(sessions === undefined ? [] : sessionFacts(sessions)),
  ];
  return html`<section class="offered"><h2>Offered and achieved</h2><svg class="shares" height="14" role="img" aria-label="Where the offered requests went">${bars}</svg><ul class="keys">${parts.map(
    ({ name, count, tone }) =>
      html`<li class="${tone}"><b>${formatCount(count)}</b> ${name} <small>${formatRatio(count / whole)}</small></li>`,
  )}</ul><p class="note">${facts.join(' ')}</p></section>`;
}

function sessionFacts({ messagesIn, messagesDropped, brokenIdle }: SessionCounts): string[] {
  return [
    `${counted(messagesIn, 'message')} came in sessions.`,
    ...(messagesDropped > 0
      ? [`${formatCount(messagesDropped)} of them dropped, waited for by nobody.`]
      : []),
    ...(brokenIdle > 0 ? [`${counted(brokenIdle, 'session')} broke while nothing was waited for.`] : []),
  ];
}

function lengthOf({ activeMs, plannedMs }: LoadReport): string {
  const wasCut = Math.abs(plannedMs - activeMs) > 500;
  return `${formatDuration(activeMs)}${wasCut ? ` of ${formatDuration(plannedMs)}` : ''}`;
}

/** `2026-11-02T18:30:00.000Z` → `2026-11-02 18:30:00 UTC`. */
function when(iso: string): string {
  return iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');
}
