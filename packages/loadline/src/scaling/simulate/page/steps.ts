import { counted, html, type Markup } from '../../../base/index.ts';
import type { TriedPolicy } from '../report.ts';

/** Each step of each policy with its reason, folded up. */
export function stepsSection(tried: readonly TriedPolicy[]): Markup {
  return html`<section><h2>Why</h2>${tried.map(stepsOf)}</section>`;
}

export const stepsStyle: string = `
.steps { margin: 6px 0 12px; padding: 0; list-style: none; max-height: 420px; overflow-y: auto; font-variant-numeric: tabular-nums }
.steps li { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 16px; padding: 5px 0; border-bottom: 1px solid var(--rule) }
.steps time { color: var(--soft) }
@media (max-width: 560px) {
  .steps li { grid-template-columns: minmax(0, 1fr) }
}
@media print {
  .steps { max-height: none }
}
`;

function stepsOf({ policy, result: { steps, scaleOuts, scaleIns } }: TriedPolicy): Markup {
  const more = scaleOuts + scaleIns - steps.length;
  const head = `${policy}: ${counted(scaleOuts, 'step')} up, ${scaleIns.toLocaleString('en-US')} down`;
  if (steps.length === 0) return html`<p>${head}</p>`;
  return html`<details><summary>${head}</summary><ol class="steps" tabindex="0">${steps.map(
    ({ atMs, reason }) =>
      html`<li><time datetime="${new Date(atMs).toISOString()}">${clockOf(atMs)}</time><span>${reason}</span></li>`,
  )}</ol>${more > 0 ? html`<p class="note">Of ${counted(more, 'later step')} the reasons were not kept.</p>` : undefined}</details>`;
}

/** To the second, in UTC: `2026-06-06 12:00:15`. */
function clockOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}
