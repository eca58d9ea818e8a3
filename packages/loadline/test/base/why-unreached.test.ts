import { createServer } from 'node:net';
import { whyUnreached } from 'loadline/base';
import { expect, it } from 'vitest';

async function failureOf(url: string): Promise<unknown> {
  return fetch(url).then(
    () => undefined,
    (error: unknown) => error,
  );
}

it('says in plain words why a request did not reach anybody', async () => {
  const server = createServer((socket) => socket.resetAndDestroy());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const url = `http://127.0.0.1:${port}`;
  expect(whyUnreached(await failureOf(url))).toBe('the connection was cut');
  await new Promise((resolve) => server.close(resolve));
  const refused = await failureOf(url);
  expect(whyUnreached(refused)).toBe('nobody listens there');
  expect(whyUnreached(refused, 'start it')).toBe('nobody listens there; start it');
  expect(whyUnreached(await failureOf('http://none.invalid'))).toMatch(
    /^there is no host of that name$|^getaddrinfo /,
  );
});

it('keeps the words of what it does not know, and never says nothing', () => {
  expect(whyUnreached(new Error('bad port'))).toBe('bad port');
  expect(whyUnreached(new TypeError('fetch failed', { cause: new Error('bad port') }))).toBe('bad port');
  // Several addresses were tried, and none of them says it.
  const many = Object.assign(new AggregateError([]), { code: 'EHOSTUNREACH' });
  expect(whyUnreached(new TypeError('fetch failed', { cause: many }))).toBe('EHOSTUNREACH');
  expect(whyUnreached(many)).toBe('EHOSTUNREACH');
});
