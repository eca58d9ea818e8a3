import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCookies, CookieJar } from '../../../src/load/steps/cookie-jar.ts';

const nowMs = Date.UTC(2026, 0, 1);

/** What is sent with a request for `to`, after an answer to one for `from`. */
function sent(lines: string | readonly string[], to = '/', from = '/', isSecure = false): string | undefined {
  const jar = new CookieJar();
  jar.accept(typeof lines === 'string' ? [lines] : lines, from, nowMs);
  return jar.headerFor(to, isSecure, nowMs);
}

describe('a cookie', () => {
  it.each([
    ['a=b', 'a=b'],
    [' a = b ', 'a=b'],
    ['a="b c"', 'a="b c"'],
    ['a=b=c==', 'a=b=c=='],
    ['a=', 'a='],
    ['a=b; HttpOnly; SameSite=Lax; Priority=High; ; x', 'a=b'],
    ['a=b; Domain=elsewhere.example', 'a=b'],
    ['__proto__=1', '__proto__=1'],
    ['a=\u00c3\u00a9', 'a=é'],
    ['a=\u00e9', 'a=é'],
  ])('of %j is sent as %j', (line, header) => {
    expect(sent(line)).toBe(header);
  });

  it.each(['', 'a', '=b', '; Path=/', 'a=b\u0000c', 'a=b\u007fc', `a=${'b'.repeat(5000)}`])(
    'of %j is none',
    (line) => {
      expect(sent(line)).toBeUndefined();
    },
  );

  it.each([
    ['/', '/', '/x/y', true],
    ['/x', '/', '/x', true],
    ['/x', '/', '/x/y?z', true],
    ['/x', '/', '/x?z', true],
    ['/x', '/', '/xy', false],
    ['/x', '/', '/', false],
    ['/x/', '/', '/x/y', true],
    ['/x/', '/', '/x', false],
    // Without a path of its own it belongs to the folder of the request.
    ['', '/shop/cart?a=/b/', '/shop/items', true],
    ['', '/shop/cart', '/shopping', false],
    ['', '/shop/cart', '/', false],
    ['', '/shop', '/anything', true],
    ['not-absolute', '/shop/cart', '/shop', true],
  ])('for the path %j, set by %s, goes with %s: %j', (path, from, to, isSent) => {
    expect(sent(`a=b; path=${path}`, to, from)).toBe(isSent ? 'a=b' : undefined);
  });

  it('knows paths from the root, also below the base path of the target', () => {
    const jar = new CookieJar('/base/');
    jar.accept(
      ['a=1; Path=/base', 'b=2; Path=/base/shop', 'c=3; Path=/', 'd=4; Path=/shop', 'e=5'],
      '/shop/x',
      nowMs,
    );
    expect(jar.headerFor('/shop/y', false, nowMs)).toBe('b=2; e=5; a=1; c=3');
    expect(jar.headerFor('/', false, nowMs)).toBe('a=1; c=3');
  });

  it('that is secure is sent over TLS only', () => {
    expect([sent('a=b; Secure'), sent('a=b; secure', '/', '/', true)]).toEqual([undefined, 'a=b']);
  });

  it.each([
    ['Max-Age=10', 10_000],
    ['max-age=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT', 1000],
    ['Expires=Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    ['Expires=Thursday, 01-Jan-26 00:00:05 GMT', 5000],
    ['Expires=Thu, 01-Jan-2026 00:00:05 GMT', 5000],
    ['Max-Age=0', 0],
    ['Max-Age=-5', 0],
    ['Expires=Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Max-Age=ten', Number.POSITIVE_INFINITY],
    ['Expires=soon', Number.POSITIVE_INFINITY],
    [`Max-Age=${'9'.repeat(310)}`, Number.POSITIVE_INFINITY],
  ])('with %s lives for %d ms', (attributes, lifeMs) => {
    const jar = new CookieJar();
    jar.accept([`a=b; ${attributes}`], '/', nowMs);
    const isThere = (afterMs: number): boolean => jar.headerFor('/', false, nowMs + afterMs) !== undefined;
    expect(isThere(Math.min(lifeMs, 1e12) - 1)).toBe(lifeMs > 0);
    expect(isThere(Math.min(lifeMs, 1e12))).toBe(lifeMs > 1e12);
  });
});

describe('a jar', () => {
  it('replaces a cookie of the same name and path, and keeps one of another path', () => {
    expect(sent(['a=1', 'a=2', 'a=3; Path=/x'], '/x')).toBe('a=3; a=2');
  });

  it('forgets a cookie that is set anew as expired', () => {
    expect(sent(['a=1', 'b=2', 'a=; Max-Age=0'])).toBe('b=2');
  });

  it('tells the value that was set last', () => {
    const jar = new CookieJar();
    jar.accept(['a=1; Path=/x/y', 'a=2; Path=/'], '/', nowMs);
    expect([jar.value('a'), jar.value('b'), jar.value('toString')]).toEqual(['2', undefined, undefined]);
  });

  it('holds fifty, and forgets the oldest first', () => {
    const jar = new CookieJar();
    jar.accept(
      Array.from({ length: 60 }, (_, index) => `c${index}=x`),
      '/',
      nowMs,
    );
    const header = jar.headerFor('/', false, nowMs) as string;
    expect(header.split('; ')).toEqual(Array.from({ length: 50 }, (_, index) => `c${index + 10}=x`));
  });

  it('takes any line without failing, and never sends what could begin a header of its own', () => {
    const lines = fc.array(fc.string({ unit: 'binary', maxLength: 60 }));
    fc.assert(
      fc.property(lines, fc.webPath(), fc.webPath(), (set, from, to) => {
        const header = sent(set, to === '' ? '/' : to, from === '' ? '/' : from, true);
        expect(header ?? '').not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});

describe('addCookies()', () => {
  it.each([
    ['accept: */*\r\n', 'accept: */*\r\ncookie: a=b\r\n'],
    ['Cookie: own=1\r\naccept: */*\r\n', 'cookie: own=1; a=b\r\naccept: */*\r\n'],
    ['cookie: \r\nx-cookie: y\r\n', 'cookie: a=b\r\nx-cookie: y\r\n'],
    ['cookie: $& $1\r\n', 'cookie: $& $1; a=b\r\n'],
  ])('makes one line of cookies of %j', (headers, joined) => {
    expect(addCookies(headers, 'a=b')).toBe(joined);
  });
});
