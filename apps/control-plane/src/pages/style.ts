/** The style of all pages: light and dark as the reader's system has it. */
export const pageStyle: string = `
:root {
  --page: #f4f6f8; --card: #fff; --ink: #17212d; --soft: #55626f; --rule: #dde3ea; --faint: #eef1f5; --link: #1f5fd0;
  --get: #0b6bb8; --post: #0a7a52; --put: #8a5a00; --delete: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1319; --card: #161d26; --ink: #e5ebf2; --soft: #9dabba; --rule: #2a3542; --faint: #1e2732; --link: #7fb0ff;
    --get: #7cc4ff; --post: #4fd1a0; --put: #e9b44c; --delete: #ff8a80;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
html { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; -webkit-text-size-adjust: 100%; scroll-padding-top: 12px }
body { margin: 0 }
h1, h2, h4, p, ul, pre { margin: 0; padding: 0 }
ul { list-style: none }
h1 { font-size: 24px; line-height: 1.2 }
h2 { font-size: 17px; margin-bottom: 8px }
h4 { font-size: 13px; color: var(--soft); margin: 18px 0 6px }
a { color: var(--link) }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace }
small { color: var(--soft); font-size: 12px }
em { color: var(--delete); font-size: 12px; font-style: normal }
.skip { position: absolute; left: -999px } .skip:focus { left: 12px; top: 12px; background: var(--card); padding: 8px }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.frame { max-width: 1240px; margin: 0 auto; padding: 24px; display: grid; grid-template-columns: 270px minmax(0, 1fr); gap: 20px 28px }
header { grid-column: 1 / -1; display: grid; grid-template-columns: 1fr auto; gap: 4px 20px; align-items: baseline }
header p { grid-row: 2; grid-column: 1 / -1 }
header p { color: var(--soft) }
.search { margin-left: auto; color: var(--soft) }
input { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: 8px; padding: 6px 10px; width: 240px; max-width: 100% }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 4px 4px 24px }
nav section { margin-bottom: 16px } nav h2 { font-size: 13px; color: var(--soft); margin: 0 }
nav a { display: flex; align-items: baseline; color: inherit; text-decoration: none; padding: 3px 0; font-size: 13px; line-height: 1.35 }
nav a:hover { text-decoration: underline }
main { min-width: 0 } main:focus { outline: 0 }
.groups { display: flex; flex-wrap: wrap; gap: 4px 14px; margin-bottom: 10px }
.groups a { display: inline-block; padding: 3px 0 }
.hint { color: var(--soft); margin-bottom: 16px }
.group { margin-bottom: 28px }
details { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; margin-bottom: 8px }
summary { cursor: pointer; padding: 10px 14px; overflow-wrap: anywhere }
summary:hover { background: var(--faint); border-radius: 10px }
.path { font-weight: 600; margin: 0 6px }
.says { color: var(--soft) }
.method { display: inline-block; flex: none; min-width: 4.6em; font: 700 11px/1.6 ui-monospace, Menlo, "DejaVu Sans Mono", monospace; color: var(--tone); letter-spacing: .03em }
.get { --tone: var(--get) } .post { --tone: var(--post) } .put { --tone: var(--put) } .delete { --tone: var(--delete) }
.inside { padding: 4px 16px 16px; border-top: 1px solid var(--rule) }
.inside > p { margin-top: 10px }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule) }
tbody tr:last-child > * { border-bottom: 0 }
thead th { color: var(--soft); font-size: 12px }
tbody th { white-space: nowrap }
td small { display: block }
td:last-child { min-width: 180px; padding-right: 0 }
.answers li { padding: 3px 0 } .answers b { display: inline-block; min-width: 3em }
.content { white-space: nowrap } .content code { color: var(--soft) }
pre { background: var(--faint); border-radius: 8px; padding: 10px 12px; overflow-x: auto; position: relative }
.curl { padding-right: 90px; white-space: pre-wrap; overflow-wrap: anywhere }
button { font: inherit; font-size: 13px; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: 6px; padding: 2px 10px; cursor: pointer }
.curl button { position: absolute; right: 8px; top: 8px }
.sign-in { max-width: 460px; margin: 12vh auto 0; padding: 24px } .sign-in > * { margin-bottom: 14px }
form { display: flex; flex-wrap: wrap; gap: 10px; align-items: end } form p { width: 100%; color: var(--delete) }
form label { flex: 1; min-width: 220px } form input { width: 100%; display: block } form button { padding: 7px 16px; font-size: 15px }
@media (max-width: 820px) {
  .frame { grid-template-columns: minmax(0, 1fr); padding: 16px }
  nav { display: none }
  header { display: block } .search { display: block; margin-top: 10px } .search input { width: 100% }
  summary .says { display: block }
  tbody th { white-space: normal }
}
@media (max-width: 520px) {
  thead { position: absolute; clip-path: inset(50%) }
  tbody, tbody tr { display: block } tbody tr { border-bottom: 1px solid var(--rule); padding: 6px 0 } tbody tr:last-child { border-bottom: 0 }
  tbody th, tbody td { display: block; border-bottom: 0; padding: 0; overflow-wrap: anywhere }
}
@media print { nav, .search, button { display: none } }
`;
