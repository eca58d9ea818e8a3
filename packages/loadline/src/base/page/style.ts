/** The style of every page: light and dark as the reader's system has it, and always light on paper. */
export const pageStyle: string = `
:root {
  --page: #f4f6f8; --card: #fff; --ink: #17212d; --soft: #5a6879; --rule: #dde3ea; --faint: #eef1f5;
  --low: #69b3ec; --middle: #2f6fde; --high: #7b3fe0; --good: #12908a; --bad: #d0342c; --calm: #7a8797; --other: #b7791f;
  --hatch: #e08600; --band: .16;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0e1319; --card: #161d26; --ink: #e5ebf2; --soft: #95a3b4; --rule: #2a3542; --faint: #1e2732;
    --low: #7cc4ff; --middle: #5a95ff; --high: #b08bff; --good: #35bdb4; --bad: #ff6f66; --calm: #93a1b2; --other: #e0ac4c;
    --hatch: #ffab2e; --band: .22;
  }
}
.low { --tone: var(--low) } .middle { --tone: var(--middle) } .high { --tone: var(--high) }
.good { --tone: var(--good) } .bad { --tone: var(--bad) } .calm { --tone: var(--calm) } .other { --tone: var(--other) }
* { box-sizing: border-box }
html { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; -webkit-text-size-adjust: 100% }
body { margin: 0 }
main { max-width: 1240px; margin: 0 auto; padding: 24px 24px 64px }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0 }
ul { list-style: none }
h1 { font-size: 28px; line-height: 1.2; letter-spacing: -.01em; overflow-wrap: anywhere }
h2 { font-size: 17px; margin: 0 0 12px }
h3 { font-size: 14px }
h2 small, .note, small { color: var(--soft); font-size: 13px; font-weight: 400 }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px 20px; margin-top: 16px; min-width: 0 }
.brand { display: flex; align-items: center; gap: 8px; color: var(--soft); font-weight: 600; font-size: 13px; letter-spacing: .02em; margin-bottom: 10px }
.brand svg { fill: none; stroke: var(--middle); stroke-width: 2 }
.subject { display: flex; flex-wrap: wrap; gap: 2px 18px; color: var(--soft); margin-top: 6px }
.subject b { color: var(--ink); font-weight: 500; overflow-wrap: anywhere }

.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: 12px; margin-top: 16px }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 16px; min-width: 0 }
.tile dt { color: var(--soft); font-size: 13px }
.tile dd { font-size: 24px; font-weight: 600; line-height: 1.25; letter-spacing: -.01em; white-space: nowrap }
.tile.bad dd { color: var(--bad) }
.tile small { display: block; letter-spacing: 0; line-height: 1.4; white-space: normal; color: var(--soft) }
.note { overflow-wrap: anywhere }
.chart + .note, .facts + .note { margin-top: 10px }
details { margin-top: 8px }
summary { cursor: pointer; font-weight: 500; overflow-wrap: anywhere }

.scroll { overflow-x: auto; margin: 0 -20px; padding: 0 20px }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; vertical-align: middle; font-weight: 400 }
th:first-child, td:first-child { padding-left: 0 }
th:last-child, td:last-child { padding-right: 0 }
tbody tr:last-child > * { border-bottom: 0 }
thead th { color: var(--soft); font-size: 13px; padding-top: 0 }
tfoot > tr > * { border-top: 2px solid var(--rule); border-bottom: 0; font-weight: 600 }
.number { text-align: right }
th.name, td.name { white-space: normal; overflow-wrap: anywhere; min-width: 140px; max-width: 420px; font-weight: 500 }
td.words { white-space: normal; overflow-wrap: anywhere; min-width: 140px; max-width: 420px }
tbody tr:hover > * { background: var(--faint) }
thead button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer }
thead button::after { content: "\\2195"; opacity: .35; margin-left: 4px; font-size: 11px }
th[aria-sort="ascending"] button::after { content: "\\2191"; opacity: 1 }
th[aria-sort="descending"] button::after { content: "\\2193"; opacity: 1 }
th[aria-sort$="ending"] { color: var(--ink) }
code { font: 13px/1.4 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace }
b.bad, .sign { color: var(--tone) }
.sign { font-size: 17px }

.chart { outline-offset: 6px }
.chart + .chart { margin-top: 22px }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; margin-bottom: 8px }
figcaption p { color: var(--soft); font-size: 13px }
.legend { display: flex; flex-wrap: wrap; gap: 2px 6px; margin-left: auto }
.legend button { font: inherit; font-size: 13px; color: var(--ink); background: none; border: 0; border-radius: 5px; padding: 2px 6px; cursor: pointer }
.legend button:hover { background: var(--faint) }
.legend button::before { content: ""; display: inline-block; width: 12px; height: 4px; border-radius: 2px; background: var(--tone); margin-right: 6px; vertical-align: 3px }
.legend [aria-pressed="false"] { color: var(--soft); text-decoration: line-through }
.legend [aria-pressed="false"]::before { opacity: .3 }
/* As wide with one value as with another: else the charts would jump under the cursor. */
output { display: inline-block; width: 9.5em; padding-left: 5px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; text-align: left; font-weight: 600; font-variant-numeric: tabular-nums }
.plot { display: grid; grid-template-columns: 64px minmax(0, 1fr) }
.plot svg { display: block; width: 100% }
.canvas { position: relative; cursor: crosshair; touch-action: pan-y }
.x-axis { grid-column: 2; overflow: visible }
.y-axis text { text-anchor: end; transform: translateX(-8px) }
.y-axis, .canvas > svg { overflow: visible }
.y-axis { clip-path: inset(-10px 0) }
.canvas svg svg { overflow: hidden }
.canvas svg svg:has(.points) { overflow: visible }
.plot text { fill: var(--soft); font-size: 11.5px; font-variant-numeric: tabular-nums }
.plot .start { text-anchor: start } .plot .middle { text-anchor: middle } .plot .end { text-anchor: end }
.grid { stroke: var(--rule); stroke-width: 1; shape-rendering: crispEdges }
line.mark { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 4 }
.plot text.mark { fill: var(--bad); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 3px }
path { vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round }
.line { fill: none; stroke: var(--tone); stroke-width: 1.6 }
.stairs { fill: var(--tone); fill-opacity: .18; stroke: var(--tone); stroke-width: 1.4; stroke-linejoin: miter }
.stairs.bad { fill-opacity: .45 }
.band { fill: var(--tone); fill-opacity: var(--band); stroke: none }
.off { display: none }
.patterns { position: absolute }
.patterns rect { fill: var(--hatch); fill-opacity: .6 }
.doubtful { stroke: var(--hatch); stroke-width: 1 }
.canvas rect.bad { fill: var(--bad); fill-opacity: .22; stroke: var(--bad); stroke-opacity: .3; stroke-width: 2 }
.points { fill: none; stroke: var(--tone); stroke-width: 9 }
.line.thread { stroke-width: 1.2; stroke-opacity: .55 }
.warning { margin: -4px 0 14px; font-weight: 600; color: var(--hatch) }
.warning svg { vertical-align: -1px; margin-right: 4px }
.nothing { color: var(--soft); border: 1px dashed var(--rule); border-radius: 8px; padding: 18px; text-align: center }
.cursor { position: absolute; top: 0; bottom: 0; left: 0; width: 1px; background: var(--ink); opacity: .55; pointer-events: none }
.tip { max-width: 100%; overflow: hidden; position: absolute; top: 8px; left: 0; z-index: 2; pointer-events: none; background: var(--card); color: var(--ink); border: 1px solid var(--rule); border-radius: 8px; padding: 7px 11px; box-shadow: 0 4px 16px #0003; font-size: 13px; line-height: 1.45; white-space: nowrap; font-variant-numeric: tabular-nums }
.tip b { display: block; color: var(--soft); font-weight: 500 }
.tip span { display: flex; justify-content: space-between; gap: 18px }
.tip span::before { content: ""; align-self: center; width: 12px; height: 4px; border-radius: 2px; background: var(--tone); margin-right: -10px }
.tip i { font-style: normal; flex: 1 }
.tip p { max-width: 52ch; white-space: normal; color: var(--soft); margin-top: 3px }

.pairs { display: grid; grid-template-columns: 1fr 1fr; gap: 24px 32px }
.pairs .chart { margin: 0; min-width: 0 }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 20px 40px }
.pair > div { min-width: 0 }
.statement { margin-bottom: 10px }
.statement.bad { color: var(--bad); font-weight: 600 }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 18px; font-variant-numeric: tabular-nums }
.facts dt { color: var(--soft) }
.facts dd { overflow-wrap: anywhere }

@media (max-width: 960px) {
  .tiles { grid-template-columns: repeat(3, 1fr) }
  .pairs, .pair { grid-template-columns: minmax(0, 1fr) }
}
@media (max-width: 560px) {
  main { padding: 14px 12px 40px }
  section { padding: 14px }
  h1 { font-size: 23px }
  .scroll { margin: 0 -14px; padding: 0 14px }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px }
  .tile { padding: 10px 12px }
  .tile dd { font-size: 20px }
  .legend { margin-left: -6px; width: 100% }
  .plot { grid-template-columns: 58px minmax(0, 1fr) }
  .plot text { font-size: 10.5px }
  .odd { display: none }
  .tip { top: calc(100% + 20px) }
  .sortable th.name { position: sticky; left: 0; background: var(--card); min-width: 150px; max-width: 190px; font-size: 12.5px }
  .sortable th.name::before { content: ""; position: absolute; right: 100%; top: 0; bottom: 0; width: 14px; background: var(--card) }
  th, td { padding: 6px 9px }
  .facts { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) }
}
@media print {
  html { background: #fff; font-size: 12px; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  main { max-width: none; padding: 0 }
  section, .tile { border-color: #ccc }
  .chart, .tile, .pair > div, tr { break-inside: avoid }
  h2 { break-after: avoid }
  th, td { padding: 4px 6px }
  .scroll { overflow: visible }
  thead button::after { content: none }
}
`;
