import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestHeadFor } from '../../../src/traffic/embedded/message/handing-on.ts';
import { type ReadRequest, readRequestHead } from '../../../src/traffic/embedded/message/request-head.ts';
import { acceptedOddities, attacks } from './attacks.ts';

const limits = { headBytesMax: 1024, fieldsMax: 10 };
const client = { address: '192.0.2.7', trustsForwarded: false, remainingMs: Number.POSITIVE_INFINITY };

function read(text: string): ReadRequest {
  return readRequestHead(text, limits);
}

/** What goes to the upstream. */
function handedOn(text: string, trustsForwarded = false): string {
  const result = read(text);
  if (result.kind !== 'head') throw new Error(JSON.stringify(result));
  return requestHeadFor(result.head, { ...client, trustsForwarded }, 'upstream:80');
}

describe('readRequestHead()', () => {
  it.each(attacks.filter(({ isInHead }) => isInHead))('refuses $name', ({ text, status = 400 }) => {
    expect(read(text)).toMatchObject({ kind: 'refused', refusal: { status } });
  });

  it.each(acceptedOddities)('takes $name', ({ text }) => {
    expect(read(text)).toMatchObject({ kind: 'head' });
  });

  it('says where the head ends, and leaves the body alone', () => {
    const head = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n';
    expect(read(`${head}hello`)).toMatchObject({ kind: 'head', end: head.length, head: { body: 5 } });
  });

  it('waits for the rest at every cut, and never refuses the beginning of what is right', () => {
    const whole = 'GET /a?b=c HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n';
    for (let cut = 0; cut < whole.length; cut++)
      expect(read(whole.slice(0, cut))).toEqual({ kind: 'incomplete' });
    expect(read(whole).kind).toBe('head');
  });

  it.each([
    ['too many bytes', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(1100)}\r\n\r\n`],
    ['too many bytes and no end', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(1100)}`],
    ['an endless target', `GET /${'a'.repeat(1100)}`],
    ['too many lines', `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(11)}\r\n`],
  ])('answers %s with 431', (_, text) => {
    expect(read(text)).toMatchObject({ kind: 'refused', refusal: { status: 431 } });
  });

  it('never throws, whatever comes', () => {
    const piece = fc.constantFrom(
      'GET',
      ' ',
      '/',
      'HTTP/1.1',
      '\r\n',
      '\n',
      '\r',
      'Host',
      ':',
      'x',
      '\0',
      '\xff',
      '\t',
      ',',
    );
    const bytes = fc.uint8Array({ maxLength: 3 }).map((some) => Buffer.from(some).toString('latin1'));
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, bytes), { maxLength: 30 }), (pieces) => {
        expect(['head', 'incomplete', 'refused']).toContain(read(pieces.join('')).kind);
      }),
    );
  });
});

describe('a request that is handed on', () => {
  it('keeps what is meant for its end, as it came, and says where it comes from', () => {
    expect(
      handedOn('GET /a?b HTTP/1.1\r\nHost: example.org\r\nX-Own:  two  words\r\n\r\n').split('\r\n'),
    ).toEqual([
      'GET /a?b HTTP/1.1',
      'host: example.org',
      'X-Own:  two  words',
      'x-forwarded-for: 192.0.2.7',
      'x-forwarded-host: example.org',
      'x-forwarded-proto: http',
      'forwarded: for=192.0.2.7;host="example.org";proto=http',
      'via: 1.1 loadline',
      '',
      '',
    ]);
  });

  it('is without what is meant for the next neighbour, also what Connection names, wherever it stands', () => {
    const text = handedOn(
      'GET / HTTP/1.1\r\nX-Secret: 1\r\nHost: x\r\nConnection: close, X-Secret\r\nKeep-Alive: timeout=5\r\n' +
        'TE: trailers\r\nProxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nAccept: a\r\n\r\n',
    );
    expect(text.toLowerCase()).not.toMatch(/secret|connection|keep-alive|\nte:|authorization/);
    expect(text).toContain('\r\nAccept: a\r\n');
  });

  it('is not believed what it says of its origin, unless it comes from a proxy of ours', () => {
    const text =
      'GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n' +
      'X-Forwarded-Host: shop.example\r\nForwarded: for=203.0.113.9\r\nVia: 1.0 old\r\n\r\n';
    expect(handedOn(text)).not.toContain('203.0.113.9');
    expect(handedOn(text)).toContain('x-forwarded-proto: http\r\n');
    expect(handedOn(text, true)).toContain('x-forwarded-for: 203.0.113.9, 192.0.2.7\r\n');
    expect(handedOn(text, true)).toContain(
      'x-forwarded-proto: https\r\nforwarded: for=203.0.113.9, for=192.0.2.7;',
    );
    expect(handedOn(text, true)).toContain('x-forwarded-host: shop.example\r\n');
    expect(handedOn(text)).toContain('via: 1.0 old, 1.1 loadline\r\n');
  });

  it('has the host of a whole address, whatever Host says', () => {
    const text = handedOn('GET http://a.example:81/b?c HTTP/1.1\r\nHost: other.example\r\n\r\n');
    expect(text).toMatch(/^GET \/b\?c HTTP\/1.1\r\nhost: a.example:81\r\n/);
    expect(handedOn('GET http://a.example?c HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^GET \/\?c /);
  });

  it('asks of a server as a whole what is asked so by a whole address', () => {
    expect(handedOn('OPTIONS http://a.example HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^OPTIONS \* HTTP/);
    expect(handedOn('OPTIONS http://a.example/ HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^OPTIONS \/ HTTP/);
  });

  it.each(['TRACE', 'OPTIONS'])('goes no further than it says with %s', (method) => {
    const counted = (hops: string, of = method): string =>
      `${of} / HTTP/1.1\r\nHost: x\r\nmax-FORWARDS: ${hops}\r\nAccept: a\r\n\r\n`;
    expect(handedOn(counted('3'))).toContain('\r\nmax-FORWARDS: 2\r\nAccept: a\r\n');
    expect(read(counted('0'))).toMatchObject({
      kind: 'refused',
      refusal: { status: 501 },
    });
    expect(handedOn(counted('many'))).toContain('\r\nmax-FORWARDS: many\r\n');
    expect(handedOn(counted('0', 'GET'))).toContain('\r\nmax-FORWARDS: 0\r\n');
  });

  it('gets the host of its upstream where an old client gave none', () => {
    expect(handedOn('GET / HTTP/1.0\r\n\r\n')).toContain('host: upstream:80\r\n');
  });

  it('may ask for a WebSocket, and for no other protocol', () => {
    const ask = (protocol: string): string =>
      handedOn(`GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    expect(ask('websocket')).toContain('connection: upgrade\r\nupgrade: websocket\r\n');
    expect(ask('h2c')).not.toMatch(/upgrade/i);
    expect(handedOn('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n')).not.toMatch(/upgrade/i);
  });
});
