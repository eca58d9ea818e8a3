import { formatCount, formatRatio, html, type Markup } from '../../../base/index.ts';
import type { LoadReport } from '../../report.ts';
import type { ReportRow } from '../../report-row.ts';
import { errorKinds } from '../figures.ts';

/** What failed, with an example of each kind; the statuses that came; the checks that did not hold. */
export function failuresSection({ total, endpoints }: LoadReport): Markup {
  return html`<section><h2>Errors</h2>${errorsTable(total, endpoints)}</section>
<section class="pair"><div><h2>Statuses</h2>${statuses(total)}</div><div><h2>Checks</h2>${checks(total, endpoints)}</div></section>`;
}

function errorsTable(total: ReportRow, endpoints: readonly ReportRow[]): Markup {
  const kinds = errorKinds(endpoints);
  if (kinds.length === 0)
    return html`<p class="note">${total.requests === 0 ? 'No request was sent.' : 'No request failed.'}</p>`;
  return html`<div class="scroll"><table><thead><tr><th class="number">count</th><th>endpoint</th><th>error</th><th>example</th></tr></thead><tbody>${kinds.map(
    ({ endpoint, count, what, example }) =>
      html`<tr><td class="number"><b class="bad">${formatCount(count)}</b></td><td class="name">${endpoint}</td><td class="words">${what}</td><td class="words"><small>${example}</small></td></tr>`,
  )}</tbody></table></div>`;
}

function statuses({ statuses: counts }: ReportRow): Markup {
  const entries = Object.entries(counts);
  const all = entries.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return html`<p class="note">No response came.</p>`;
  return html`<ul class="keys">${entries.map(
    ([status, count]) =>
      html`<li class="${toneOf(status)}"><b>${status}</b> ${formatCount(count)} <small>${formatRatio(count / all)}</small></li>`,
  )}</ul>`;
}

function toneOf(status: string): string {
  return { '2': 'good', '3': 'calm', '4': 'other', '5': 'bad' }[status.slice(0, 1)] ?? 'calm';
}

function checks({ checks: { passed, failed } }: ReportRow, endpoints: readonly ReportRow[]): Markup {
  if (passed + failed === 0) return html`<p class="note">No check was made.</p>`;
  const lines = endpoints
    .flatMap((row) => Object.entries(row.checks.failedByName).map(([name, count]) => ({ row, name, count })))
    .toSorted((a, b) => b.count - a.count);
  return html`<p class="note">${formatCount(passed)} held, ${formatCount(failed)} did not.</p>${
    lines.length === 0
      ? undefined
      : html`<div class="scroll"><table><tbody>${lines.map(
          ({ row, name, count }) =>
            html`<tr><td class="number"><b class="bad">${formatCount(count)}</b></td><td class="name">${row.name}</td><td class="words">${name}</td></tr>`,
        )}</tbody></table></div>`
  }`;
}
