import { html } from 'loadline/base';
import { type Page, pageOf } from './page.ts';

/** The way in for a browser without a session: a key becomes a cookie that no script can read. Pure. */
export function signInPage(): Page {
  const body = html`<main class="sign-in">
<h1>Loadline control plane</h1>
<p>This page is for who has a key.</p>
<form id="sign-in" hidden>
<label>Key <input type="password" id="key" name="key" required maxlength="200" autocomplete="current-password"></label>
<button type="submit">Sign in</button>
<p id="refused" role="alert"></p>
</form>
<p class="hint">Programs send it with each request: <code>Authorization: Bearer $KEY</code>.</p>
</main>`;
  return pageOf({ title: 'Sign in', body, script: signInScript, mayAsk: true });
}

const signInScript = `
'use strict';
const form = document.getElementById('sign-in');
const refused = document.getElementById('refused');
form.hidden = false;
document.getElementById('key').focus();
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  refused.textContent = '';
  try {
    const response = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: document.getElementById('key').value.trim() }),
    });
    if (response.ok) {
      // Where this page stood is nowhere in the next one, which goes to what the link names.
      history.scrollRestoration = 'manual';
      location.reload();
    }
    else refused.textContent = (await response.json()).detail;
  } catch {
    refused.textContent = 'The control plane does not answer.';
  }
});
`;
