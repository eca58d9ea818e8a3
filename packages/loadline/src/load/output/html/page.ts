import { html } from '../../../base/index.ts';
import { drawChart, renderPage } from '../../../base/page/index.ts';
import type { LoadReport } from '../../report.ts';
import { distributionChart } from './distribution.ts';
import { failuresSection } from './failures.ts';
import { resourceCharts, resourcesSection } from './resources.ts';
import { runStyle } from './style.ts';
import { environmentSection, generatorSection, workersSection } from './surroundings.ts';
import { rowsSection } from './tables.ts';
import { thresholdsSection } from './thresholds.ts';
import { runScale, timelineCharts } from './timelines.ts';
import { verdictSection } from './verdict.ts';

/**
 * A run as one HTML page that needs nothing else: it opens from a disk, offline, and asks nobody for anything. All that
 * a server sent is escaped, and the page's policy lets nothing run but its own script. Pure.
 *
 * @throws LoadlineError METRICS_WIRE_INVALID where a histogram of the report is none.
 */
export function renderHtml(report: LoadReport): string {
  const timelines = timelineCharts(report);
  const distribution = distributionChart(report);
  const resources = resourceCharts(report, runScale(report));
  const { generator, verdict } = report;
  const content = html`${verdictSection(report)}
${thresholdsSection(report)}
<section><h2>Over time</h2>${
    generator.overloaded.length === 0
      ? undefined
      : html`<p class="warning"><svg width="18" height="12" aria-hidden="true"><rect class="doubtful" width="18" height="12" fill="url(#hatch)"/></svg>Hatched: ${verdict.status === 'invalid' ? 'the generator was overloaded, and what was measured then is its own doing' : 'a hiccup of the generator, which is forgiven; what was measured then may be its own doing'}.</p>`
  }${timelines.map(drawChart)}</section>
${rowsSection('Endpoints', report.endpoints, report.endpoints.length > 1 ? report.total : undefined)}
${rowsSection('Scenarios', report.scenarios, undefined)}
<section><h2>Latency and service time</h2>${drawChart(distribution)}</section>
${failuresSection(report)}
${resourcesSection(report, resources)}
${workersSection(report)}
<section class="pair">${generatorSection(report)}${environmentSection(report)}</section>`;
  return renderPage({
    title: `${report.name}: ${verdict.status}`,
    tone: verdict.status,
    content,
    charts: [...timelines, distribution, ...resources],
    style: runStyle,
  });
}
