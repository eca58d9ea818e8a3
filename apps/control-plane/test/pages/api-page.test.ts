import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import {
  type Operation,
  openApiDocument,
  operationNames,
  operations,
  schemas,
} from '../../src/contract/index.ts';
import { renderApiPage, signInPage } from '../../src/pages/index.ts';
import { startPlane } from '../plane.ts';

const document = openApiDocument({ version: '1.2.3', accessOf: () => 'viewer' });
const page = renderApiPage(document);

/** What stands in the first element that the pattern finds, as one reads it. */
function textIn(html: string, pattern: RegExp): string {
  const inner = pattern.exec(html)?.[1] ?? '';
  return inner
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

function commandOf(name: string): string {
  const section = page.html.slice(page.html.indexOf(`id="${name}"`));
  return textIn(section, /<pre class="curl"><code>(.*?)<\/code>/s);
}

describe('the page of the API', () => {
  it.each(operationNames)('shows %s with what it does and a command', (name) => {
    const { method, path }: Operation = operations[name];
    expect(page.html).toContain(`id="${name}"`);
    const command = commandOf(name);
    expect(command).toMatch(new RegExp(`^curl ${method === 'GET' ? '' : `-X ${method} `}"\\$LOADLINE/`));
    // No brace is left: curl would take it for a pattern of its own.
    expect(command.split('\n')[0]).not.toMatch(/[{}]/);
    expect(path.split('/')[1]).toBe(/\$LOADLINE\/([\w.]+)/.exec(command)?.[1]);
  });

  it.each(operationNames.filter((name) => 'body' in operations[name]))(
    'shows a body of %s that its schema lets pass',
    (name) => {
      const ajv = new Ajv2020({ allErrors: true, validateFormats: false, allowUnionTypes: true });
      for (const schema of schemas) ajv.addSchema(schema);
      const body = (operations[name] as Operation).body as object;
      const shown = /-d '(.*)'$/s.exec(commandOf(name))?.[1];
      if (shown === undefined) return expect(commandOf(name)).toContain('--data-binary');
      expect(ajv.validate(body, JSON.parse(shown.replaceAll("'\\''", "'"))), ajv.errorsText()).toBe(true);
    },
  );

  it('shows no example of a body that is no JSON', () => {
    const section = page.html.slice(page.html.indexOf('id="writeMetricsText"')).split('</details>')[0] ?? '';
    expect(textIn(section, /<h4>Body<\/h4>(.*?)<h4>/s).trim()).toBe(
      'text/plain application/openmetrics-text',
    );
    expect(commandOf('writeMetricsText')).toContain('--data-binary @FILE');
  });

  it('leads every link to something', () => {
    const ids = new Set([...page.html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...page.html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('escapes whatever the document says', () => {
    const hostile = structuredClone(document) as { info: { title: string; description: string } };
    hostile.info.title = '</title><script>alert(1)</script>';
    hostile.info.description = '" onload="alert(1)';
    const { html } = renderApiPage(hostile as never);
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('" onload=');
  });

  it('lets nothing run but its own script', () => {
    for (const { policy } of [page, signInPage()]) {
      expect(policy).not.toContain('unsafe');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
    }
    expect(page.html).not.toMatch(/ style="| on\w+="/);
  });
});

describe('GET /docs', () => {
  it('is the page for who may read the document', async () => {
    await using plane = await startPlane();
    const { status, headers, text } = await plane.ask('viewer', 'GET', '/docs');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("script-src 'sha256-");
    expect(headers['x-frame-options']).toBe('DENY');
    expect(text).toContain('id="startTest"');
  });

  it('shows a browser where to sign in, and a program a problem', async () => {
    await using plane = await startPlane();
    const asBrowser = { headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } };
    const shown = await plane.ask(undefined, 'GET', '/docs', asBrowser);
    expect([shown.status, shown.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
    expect(shown.text).toContain('id="sign-in"');
    expect(shown.text).not.toContain('/performance');
    const told = await plane.ask(undefined, 'GET', '/docs');
    expect(told.json.code).toBe('CONTROL_PLANE_UNAUTHENTICATED');
    const elsewhere = await plane.ask(undefined, 'GET', '/keys', asBrowser);
    expect(elsewhere.json.code).toBe('CONTROL_PLANE_UNAUTHENTICATED');
  });
});
