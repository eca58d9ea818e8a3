import { createHash } from 'node:crypto';
import { html, type Markup, trusted } from 'loadline/base';
import { pageStyle } from './style.ts';

/** A page that needs nothing else, and the policy under which it is sent: nothing runs but what it brought itself. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

/** Pure. */
export function pageOf({
  title,
  body,
  script,
  mayAsk,
}: {
  readonly title: string;
  readonly body: Markup;
  readonly script: string;
  /** Whether its script asks this server for something. */
  readonly mayAsk: boolean;
}): Page {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title} – Loadline</title>
<style>${trusted(pageStyle)}</style>
</head>
<body>
${body}
<script>${trusted(script)}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(pageStyle)}'`,
    'img-src data:',
    ...(mayAsk ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { html: page.toString(), policy: policy.join('; ') };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
