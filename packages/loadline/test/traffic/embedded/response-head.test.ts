import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { framingFor, responseHeadFor } from '../../../src/traffic/embedded/message/handing-on.ts';
import { type ReadResponse, readResponseHead } from '../../../src/traffic/embedded/message/response-head.ts';

const noonMs = Date.UTC(2026, 2, 1, 12);
const limits = { headBytesMax: 1024, fieldsMax: 10 };

function read(text: string, method = 'GET'): ReadResponse {
  return readResponseHead(text, method, limits);
}

function handedOn(text: string, { isHttp11 = true, mayStay = true, method = 'GET' } = {}): string {
  const result = read(text, method);
  if (result.kind !== 'head') throw new Error(JSON.stringify(result));
  const framing = framingFor(result.head, { isHttp11 }, mayStay);
  return responseHeadFor(result.head, { isHttp11 }, framing, createVirtualClock(noonMs));
}

describe('readResponseHead()', () => {
  it.each([
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'GET', 5, true],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET', 'chunked', true],
    ['nothing', 'HTTP/1.1 200 OK\r\n\r\n', 'GET', 'until close', false],
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD', 0, true],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'GET', 0, true],
    ['304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'GET', 0, true],
    ['103', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 'GET', 0, true],
    ['close', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n', 'GET', 5, false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n', 'GET', 5, false],
    ['no reason', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n', 'GET', 5, true],
  ])('frames by %s', (_, text, method, body, keepsAlive) => {
    expect(read(text, method)).toMatchObject({ kind: 'head', head: { body, keepsAlive }, end: text.length });
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status beyond all classes', 'HTTP/1.1 999 What\r\n\r\n'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['a line that goes on', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
    ['nothing but bare LFs', 'HTTP/1.1 200 OK\nA: b\n\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['too long a head', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(1100)}\r\n\r\n`],
  ])('takes nothing that has %s', (_, text) => {
    expect(read(text)).toMatchObject({ kind: 'malformed' });
  });

  it('waits for the rest at every cut', () => {
    const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: a\r\n\r\n';
    for (let cut = 0; cut < whole.length; cut++)
      expect(read(whole.slice(0, cut))).toEqual({ kind: 'incomplete' });
  });
});

describe('an answer that is handed on', () => {
  it('keeps its lines and says who carried it', () => {
    const text = handedOn(
      'HTTP/1.1 200 Fine\r\nServer: a\r\nDate: its own\r\nContent-Length: 5\r\nConnection: X-Own\r\nX-Own: 1\r\n\r\n',
    );
    expect(text).toBe(
      'HTTP/1.1 200 Fine\r\nServer: a\r\nDate: its own\r\ncontent-length: 5\r\nvia: 1.1 loadline\r\n\r\n',
    );
  });

  it('says when it came where it does not say so itself', () => {
    const own = 'date: Sun, 01 Mar 2026 12:00:00 GMT\r\n';
    expect(handedOn('HTTP/1.1 200 OK\r\nX-Date: a\r\nContent-Length: 0\r\n\r\n')).toContain(own);
    for (const line of ['DATE: its own', 'Server: a\r\ndate:its own'])
      expect(handedOn(`HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 0\r\n\r\n`)).not.toContain(own);
  });

  it('of unknown length goes in chunks, and to an old client until the end of the connection', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\n';
    expect(handedOn(text)).toContain('transfer-encoding: chunked\r\n');
    expect(handedOn(text, { isHttp11: false })).not.toContain('chunked');
    expect(handedOn(text, { isHttp11: false })).toContain('connection: close\r\n');
  });

  it('to HEAD and of 304 keeps the length that it would have', () => {
    expect(handedOn('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { method: 'HEAD' })).toContain(
      'content-length: 5',
    );
    expect(handedOn('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n')).toContain('content-length: 5');
  });

  it('says that the connection ends where it does', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    expect(handedOn(text, { mayStay: false })).toContain('connection: close\r\n');
    expect(handedOn(text, { isHttp11: false })).toContain('connection: keep-alive\r\n');
  });
});
