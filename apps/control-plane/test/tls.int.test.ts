import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage, request as requestPlain } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ca, cert, key } from '../../../packages/loadline/test/load/transports/certificate.ts';
import { refusedServe, startServe } from './served.ts';

const folder = mkdtempSync(join(tmpdir(), 'loadline-tls-'));
const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
writeFileSync(files.cert, cert);
writeFileSync(files.key, key);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tls = ['--host', '127.0.0.1', '--tls-cert', files.cert, '--tls-key', files.key];

function answerOf(url: string, bearer: string): Promise<IncomingMessage> {
  const options = { ca, agent: false, headers: { authorization: `Bearer ${bearer}` } } as const;
  return new Promise((resolve, reject) => {
    get(url, options, (response) => resolve(response.resume())).once('error', reject);
  });
}

/** What becomes of a request in plain text. */
function plainOutcome(url: string): Promise<string> {
  return new Promise((resolve) => {
    getPlain(url.replace('https:', 'http:'), { agent: false }, ({ statusCode }) =>
      resolve(`answered ${statusCode}`),
    ).once('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
  });
}

describe('loadline serve over TLS', () => {
  it('answers over https alone, and tells browsers so; and is one alone in its folder', async () => {
    const home = ['--home', join(folder, 'tls')];
    const served = await startServe([...tls, ...home]);
    expect(served.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await answerOf(`${served.url}/session`, served.firstKey as string);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d+/);
    expect(await plainOutcome(`${served.url}/health/live`)).toBe('ECONNRESET');

    const second = await refusedServe([...tls, ...home, '--port', '0']);
    expect(second.code).toBe(2);
    expect(second.text).toMatch(/CONTROL_PLANE_START_REFUSED: .* process \d+ runs one in .* --home/);
    // One whose database is elsewhere would still run in the same folder.
    const elsewhere = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none' };
    expect((await refusedServe([...tls, ...home, '--port', '0'], elsewhere)).text).toBe(second.text);
    expect((await answerOf(`${served.url}/session`, served.firstKey as string)).statusCode).toBe(200);

    // Killed, it holds nothing.
    expect(await served.stop('SIGKILL')).toBe('SIGKILL');
    const next = await startServe([...tls, ...home]);
    expect((await answerOf(`${next.url}/session`, served.firstKey as string)).statusCode).toBe(200);
    expect(await next.stop('SIGTERM')).toBe(0);
  });
});

describe('loadline serve behind a proxy', () => {
  it('goes beyond this machine, believes the proxy who asks, and lets cookies travel over TLS alone', async () => {
    const adminKey = 'a-key-of-the-environment-for-a-test-alone';
    const args = ['--host', '0.0.0.0', '--behind-proxy', '--home', join(folder, 'proxied')];
    const served = await startServe(args, { key: adminKey, env: { LOADLINE_ADMIN_KEY: adminKey } });
    expect(served.firstKey).toBeUndefined();
    const url = served.url.replace('0.0.0.0', '127.0.0.1');
    const opened = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
      requestPlain(`${url}/session`, { method: 'POST', headers, agent: false }, (response) =>
        resolve(response.resume()),
      )
        .once('error', reject)
        .end(JSON.stringify({ key: adminKey }));
    });
    expect(opened.statusCode).toBe(201);
    expect(opened.headers['set-cookie']?.[0]).toContain('; Secure');
    const audit = await fetch(`${url}/audit`, { headers: { authorization: `Bearer ${adminKey}` } });
    const { items } = (await audit.json()) as { readonly items: readonly { readonly from: string }[] };
    // Whoever stands before the proxy says of itself what it likes.
    expect(items.map(({ from }) => from)).toEqual(['198.51.100.7']);
    expect(await served.stop('SIGTERM')).toBe(0);
  });
});
