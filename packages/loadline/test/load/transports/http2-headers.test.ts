import { expect, it } from 'vitest';
import { createHttp2Headers } from '../../../src/load/transports/http2-headers.ts';

const request = {
  method: 'GET',
  path: '/x?q=1',
  headers: '',
  body: undefined,
  timeoutMs: 1000,
  keepsBody: false,
  isConstant: false,
};
const target = new URL('https://host.example:8443/base/');

it('HTTP/2 headers say in pseudo-headers what HTTP/1.1 says in its first line', () => {
  expect(createHttp2Headers(request, target)).toEqual({
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': 'host.example:8443',
    ':path': '/base/x?q=1',
  });
});

it('HTTP/2 headers are in lower case, leave out what steers a connection, and keep what comes twice', () => {
  const headers = 'X-A: 1\r\nconnection: close\r\nTransfer-Encoding: chunked\r\nx-a: 2\r\nx-a: 3: 4\r\n';
  const { 'x-a': values, ...others } = createHttp2Headers({ ...request, headers }, target);
  expect(values).toEqual(['1', '2', '3: 4']);
  expect(Object.keys(others).every((name) => name.startsWith(':'))).toBe(true);
});

it('HTTP/2 headers announce a body in bytes, and a host header is the authority', () => {
  const headers = createHttp2Headers({ ...request, headers: 'host: other\r\n', body: 'Zoë' }, target);
  expect(headers).toMatchObject({ ':authority': 'other', 'content-length': '4' });
});
