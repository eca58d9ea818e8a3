import { describe, expect, it } from 'vitest';
import { followRedirect } from '../../../src/load/steps/redirect.ts';
import type { OutgoingRequest, Response } from '../../../src/load/transports/transport.ts';

const target = new URL('http://127.0.0.1:8080');

function answered(status: number, location: string | undefined, tookMs = 0): Response {
  return {
    status,
    sentMs: 100,
    receivedMs: 100 + tookMs,
    bytesIn: 0,
    bytesOut: 0,
    hasCookies: false,
    header: (name) => (name === 'location' ? location : undefined),
    headers: () => [],
    body: () => Buffer.alloc(0),
  };
}

function asked(given: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    method: 'GET',
    path: '/a/b?c=d',
    headers: 'accept: */*\r\n',
    body: undefined,
    timeoutMs: 5000,
    keepsBody: true,
    isConstant: true,
    ...given,
  };
}

/** Where a location leads from /a/b?c=d, or why nowhere. */
function led(location: string, to: URL = target): string {
  const next = followRedirect(asked(), answered(302, location), to);
  if (next === undefined) return 'none';
  if ('problem' in next) return next.problem;
  return `${next.origin === undefined ? '' : next.origin.origin}${next.request.path}`;
}

describe('followRedirect()', () => {
  it.each([
    ['http://127.0.0.1:8080/x?y=z', '/x?y=z'],
    ['//127.0.0.1:8080/x', '/x'],
    ['/x', '/x'],
    ['x', '/a/x'],
    ['../x', '/x'],
    ['?y', '/a/b?y'],
    ['#top', '/a/b?c=d'],
    ['/x#top', '/x'],
    ['http://127.0.0.1:8080', '/'],
    ['/caf\u00c3\u00a9 au lait', '/caf%C3%A9%20au%20lait'],
    ['/caf\u00e9', '/caf%C3%A9'],
    [' /x ', '/x'],
  ])('goes to %j as %s', (location, path) => {
    expect(led(location)).toBe(path);
  });

  it.each([
    ['http://example.com/x?y', 'http://example.com/x?y'],
    ['https://127.0.0.1:8080/x', 'https://127.0.0.1:8080/x'],
    ['http://127.0.0.1:8081', 'http://127.0.0.1:8081/'],
    ['//example.com', 'http://example.com/'],
    ['\\\\example.com', 'http://example.com/'],
    ['http://127.0.0.1:8080@example.com', 'http://example.com/'],
    ['javascript:alert(1)', 'nullalert(1)'],
    ['http://[', 'a redirect to what is no address'],
  ])('says that %j leads elsewhere', (location, whither) => {
    expect(led(location)).toBe(whither);
  });

  it('goes on from where it is, and comes home', () => {
    const based = new URL('http://127.0.0.1:8080/base');
    const away = new URL('https://example.com:8443');
    const goOn = (location: string): unknown =>
      followRedirect(asked({ path: '/a/b' }), answered(302, location), based, away);
    expect(goOn('c')).toMatchObject({ request: { path: '/a/c' }, origin: { origin: away.origin } });
    expect(goOn('//example.com/c')).toMatchObject({
      request: { path: '/c' },
      origin: { origin: 'https://example.com' },
    });
    expect(goOn('http://127.0.0.1:8080/base/c')).toMatchObject({
      request: { path: '/c' },
      origin: undefined,
    });
    expect(goOn('http://127.0.0.1:8080/c')).toMatchObject({ problem: expect.stringContaining('outside') });
  });

  it('leaves credentials with their origin', () => {
    const headers = 'accept: */*\r\nAuthorization: Bearer secret\r\ncookie: a=b\r\nx-a: b\r\n';
    const kept = (location: string, from?: URL): unknown => {
      const next = followRedirect(asked({ headers }), answered(302, location), target, from);
      return next !== undefined && 'request' in next ? next.request.headers : next;
    };
    expect(kept('/x')).toBe(headers);
    for (const other of ['https://127.0.0.1:8080/', 'http://127.0.0.1:8081/', 'http://example.com/'])
      expect(kept(other)).toBe('accept: */*\r\nx-a: b\r\n');
    expect(kept('/x', new URL('http://example.com'))).toBe(headers);
    expect(kept('http://127.0.0.1:8080/', new URL('http://example.com'))).not.toContain('secret');
  });

  it('stays below the base path of the target, and takes it off', () => {
    const based = new URL('http://127.0.0.1:8080/base/');
    expect(led('/base/x', based)).toBe('/x');
    expect(led('x', based)).toBe('/a/x');
    expect(led('/base', based)).toBe('/');
    expect(led('/base?y', based)).toBe('/?y');
    expect(led('/x', based)).toMatch(/^a redirect to \/x, outside of the target's \/base$/);
    expect(led('/basement', based)).toMatch(/outside/);
    expect(led('/base/../x', based)).toMatch(/outside/);
  });

  it.each([
    [301, 'GET', 'GET'],
    [301, 'HEAD', 'HEAD'],
    [301, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'POST', 'GET'],
    [302, 'DELETE', 'DELETE'],
    [303, 'GET', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [307, 'POST', 'POST'],
    [307, 'PATCH', 'PATCH'],
    [308, 'POST', 'POST'],
    [308, 'GET', 'GET'],
  ])('after %i follows %s by %s, with the body only where the method stays', (status, method, followedBy) => {
    const headers = 'accept: */*\r\nContent-Type: text/plain\r\ncontent-language: de\r\nx-a: b\r\n';
    const request = asked({ method, headers, body: 'text' });
    const isSame = method === followedBy;
    expect(followRedirect(request, answered(status, '/x'), target)).toEqual({
      request: {
        ...request,
        path: '/x',
        method: followedBy,
        headers: isSame ? headers : 'accept: */*\r\nx-a: b\r\n',
        body: isSame ? 'text' : undefined,
        isConstant: false,
      },
      origin: undefined,
    });
  });

  it.each([200, 300, 304, 305, 306, 404])('is none for %i', (status) => {
    expect(followRedirect(asked(), answered(status, '/x'), target)).toBeUndefined();
  });

  it('is none without a location', () => {
    expect(followRedirect(asked(), answered(302, undefined), target)).toBeUndefined();
    expect(followRedirect(asked(), answered(302, ''), target)).toBeUndefined();
  });

  it('leaves the next request what is left of the time', () => {
    const left = (tookMs: number): unknown => {
      const next = followRedirect(asked({ timeoutMs: 1000 }), answered(302, '/x', tookMs), target);
      return next !== undefined && 'request' in next ? next.request.timeoutMs : next;
    };
    expect([left(0), left(300.4), left(999), left(1020)]).toEqual([1000, 700, 1, 1]);
  });
});
