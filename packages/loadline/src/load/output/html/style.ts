/** What the page of a run has beside what every page has. */
export const runStyle: string = `
.verdict { display: flex; gap: 6px 22px; align-items: baseline; border-left: 6px solid var(--tone); --tone: var(--other) }
.verdict.passed { --tone: var(--good) } .verdict.failed, .verdict.invalid { --tone: var(--bad) }
.verdict .word { text-transform: capitalize; font-size: 24px; font-weight: 700; color: var(--tone); line-height: 1.2 }
.verdict > div { min-width: 0; overflow-wrap: anywhere }
.verdict .meaning { color: var(--soft) }
.verdict ul { margin-top: 4px; font-weight: 600 }
.verdict li + li { margin-top: 2px }
.verdict.invalid { background: #b3261e; border-color: #b3261e; color: #fff; display: block; padding: 22px 24px }
.verdict.invalid .word { color: #fff; font-size: 40px; text-transform: uppercase; letter-spacing: .04em }
.verdict.invalid .meaning { color: #fff; font-size: 18px; font-weight: 600 }
.verdict.invalid ul { font-weight: 400 }
.invalid .tile dd, .invalid .tile.bad dd { color: var(--soft) }
.invalid .tile span { text-decoration: line-through 1px }
.shares { display: block; width: 100%; border-radius: 7px; background: var(--faint) }
.shares rect, .bullet rect { fill: var(--tone) }
.keys { display: flex; flex-wrap: wrap; gap: 4px 24px; margin-top: 10px }
.keys li::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; background: var(--tone); margin-right: 7px }
.keys + .note { margin-top: 8px }
.thresholds code { margin-left: 6px; white-space: nowrap }
.bullet { display: block }
.bullet .track { fill: var(--faint) }
.bullet path { stroke: var(--ink); stroke-width: 2 }
.spark { display: block }
.ticks { stroke: var(--bad); stroke-width: 2 }
#distribution line.mark { stroke: var(--soft); stroke-width: 1 }
#distribution text.mark { fill: var(--ink) }
@media (max-width: 560px) {
  .verdict { display: block }
  .verdict.invalid .word { font-size: 32px }
  .thresholds th:last-child, .thresholds td:last-child { display: none }
}
@media print {
  .verdict { break-inside: avoid }
}
`;
