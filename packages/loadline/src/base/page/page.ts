import { createHash } from 'node:crypto';
import { html, jsonScript, type Markup, type Piece, trusted } from '../markup.ts';
import { type Chart, chartNumbers } from './charts.ts';
import { pageScript } from './script.ts';
import { pageStyle } from './style.ts';

/** What `renderPage` makes a page of. */
export interface Page {
  readonly title: string;
  /** A class of the whole page, for its own style. */
  readonly tone?: string;
  readonly content: Piece;
  /** All charts of the content: what stands under the cursor comes from them. */
  readonly charts: readonly Chart[];
  /** What it has beside the style of every page; a text of our own. */
  readonly style?: string;
}

/**
 * One HTML page that needs nothing else: it opens from a disk, offline, and asks nobody for anything. All texts are
 * escaped, and the page's policy lets nothing run but its own script. Pure.
 */
export function renderPage({ title, tone = '', content, charts, style = '' }: Page): string {
  const styles = pageStyle + style;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(styles)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title} – Loadline</title>
<style>${trusted(styles)}</style>
</head>
<body class="${tone}">
<svg class="patterns" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="7"/></pattern></defs></svg>
<main>
${content}
</main>
${jsonScript('numbers', chartNumbers(charts))}
<script>${trusted(pageScript)}</script>
</body>
</html>
`;
  return page.toString();
}

/** The top of a page: whose it is, of what, and when. */
export function pageHeader(title: string, subject: Piece): Markup {
  return html`<header>
<p class="brand"><svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><circle cx="11" cy="11" r="6.5"/><path d="M1 11h20"/></svg>Loadline</p>
<h1>${title}</h1>
<p class="subject">${subject}</p>
</header>`;
}

function policyFor(styles: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(pageScript)}'`,
    `style-src '${hashOf(styles)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
