import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRatio,
  html,
  type Markup,
} from '../../../base/index.ts';
import { formatElapsed } from '../../../base/page/index.ts';
import { latenessLimitMs } from '../../measure/generator.ts';
import type { LoadReport } from '../../report.ts';

/** How the generator itself fared: without this nobody can tell whether the rest is true. */
export function generatorSection({ generator }: LoadReport): Markup {
  // A run that was too short to watch has no figures, and zeros would read as a generator at ease.
  const wasWatched = generator.cpuRatioMean > 0;
  const spans = generator.overloaded.map(
    ({ fromMs, toMs }) => `${formatElapsed(fromMs)} to ${formatElapsed(toMs)}`,
  );
  return html`<div><h2>Generator</h2><p class="${generator.wasBottleneck ? 'statement bad' : 'statement'}">${generator.statement}</p>${
    wasWatched
      ? facts([
          ['event loop, busiest', formatRatio(generator.loopUtilizationMax)],
          ['event loop, longest delay', formatDuration(generator.loopDelayMsMax)],
          ['CPU', `${formatRatio(generator.cpuRatioMean)} of a core`],
          [`steps over ${latenessLimitMs} ms late`, formatRatio(generator.lateStepRatio)],
          ['lateness p99, worst second', formatDuration(generator.latenessMsP99Max)],
          ...(spans.length === 0 ? [] : ([['overloaded', spans.join(', ')]] as const)),
        ])
      : undefined
  }</div>`;
}

/** Those who made the load, where they were several. */
export function workersSection({ workers }: LoadReport): Markup | undefined {
  if (workers.length === 0) return undefined;
  return html`<section><h2>Workers</h2><div class="scroll"><table><thead><tr><th>name</th><th class="number">clock ahead</th><th class="number">known to</th><th>lost</th></tr></thead><tbody>${workers.map(
    ({ name, clockOffsetMs, clockErrorMs, lost }) =>
      html`<tr><td class="name">${name}</td><td class="number">${formatDuration(clockOffsetMs)}</td><td class="number">± ${formatDuration(clockErrorMs)}</td><td class="words">${lostText(lost)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function lostText(lost: LoadReport['workers'][number]['lost']): Markup | string {
  if (lost === undefined) return '–';
  const { atMs, because, takenOverBy } = lost;
  const then = takenOverBy === undefined ? 'its share was left out' : `${takenOverBy} took over its share`;
  return html`<b class="bad">${formatElapsed(atMs)}</b> ${because}; ${then}`;
}

export function environmentSection(report: LoadReport): Markup {
  const { environment, total, seed, schema } = report;
  return html`<div><h2>Environment</h2>${facts([
    ['Loadline', environment.loadline],
    ['Node.js', environment.node],
    ['system', `${environment.os}, ${environment.arch}`],
    ['processor', `${environment.cpuModel}, ${formatCount(environment.cores)} cores`],
    ['memory', formatBytes(environment.memoryBytes)],
    ['workers', formatCount(environment.workers)],
    ['traffic', `${formatBytes(total.bytesIn)} in, ${formatBytes(total.bytesOut)} out`],
    ['seed', String(seed)],
    ['schema', schema],
  ])}</div>`;
}

function facts(rows: readonly (readonly [name: string, value: string])[]): Markup {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}
