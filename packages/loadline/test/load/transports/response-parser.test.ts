import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../../src/load/transports/body-budget.ts';
import { ResponseParser } from '../../../src/load/transports/response-parser.ts';
import { cut, writtenResponses } from './responses.ts';

const limits = { headBytesMax: 4096, bodyBytesMax: 100_000, budget: new BodyBudget() };

function parserFor(method = 'GET', given: typeof limits = limits): ResponseParser {
  const parser = new ResponseParser(given);
  parser.begin(method, true);
  return parser;
}

/** What a parser makes of pieces that arrive until it has had enough. */
function read(pieces: readonly (Buffer | string)[], { method = 'GET', ends = false } = {}): ResponseParser {
  const parser = parserFor(method);
  for (const piece of pieces) {
    if (parser.isDone) break;
    parser.feed(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  }
  if (ends && !parser.isDone) parser.end();
  return parser;
}

describe('a valid response', () => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 12 });

  it('reads the same wherever it is cut', () => {
    fc.assert(
      fc.property(writtenResponses, cuts, (written, shares) => {
        const parser = parserFor(written.method);
        // A piece is lent during the call, and the last one until the response was seen: the transport reads the next one into the same memory.
        for (const piece of cut(written.bytes, shares)) {
          const borrowed = Buffer.from(piece);
          parser.feed(borrowed);
          if (!parser.isDone) borrowed.fill(0x21);
        }
        expect(parser.isDone).toBe(!written.lastsUntilClose);
        expect(parser.end()).toBe(written.lastsUntilClose);
        parser.decode();
        expect(parser.problem).toBeUndefined();
        expect([parser.status, parser.body().toString(), parser.keepsAlive, parser.bytesIn]).toEqual([
          written.status,
          written.body,
          written.keepsAlive,
          written.bytes.length,
        ]);
        for (const [name] of written.headers) {
          const first = written.headers.find((each) => each[0] === name);
          expect(parser.header(name)).toBe(Buffer.from(first?.[1] ?? '', 'latin1').toString('latin1'));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads the same byte by byte', () => {
    fc.assert(
      fc.property(writtenResponses, (written) => {
        const parser = read(
          [...written.bytes].map((byte) => Buffer.of(byte)),
          { method: written.method, ends: true },
        );
        parser.decode();
        expect([parser.status, parser.body().toString(), parser.problem]).toEqual([
          written.status,
          written.body,
          undefined,
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it('of one request leaves nothing behind for the next', () => {
    fc.assert(
      fc.property(fc.array(writtenResponses, { minLength: 2, maxLength: 4 }), (responses) => {
        const parser = new ResponseParser(limits);
        for (const written of responses) {
          parser.begin(written.method, true);
          parser.feed(Buffer.from(written.bytes));
          parser.end();
          parser.decode();
          expect([parser.status, parser.body().toString(), parser.problem]).toEqual([
            written.status,
            written.body,
            undefined,
          ]);
        }
      }),
    );
  });

  it('whose body nobody reads is counted and not kept', () => {
    const parser = new ResponseParser(limits);
    parser.begin('GET', false);
    parser.feed(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
    expect([parser.isDone, parser.body().toString(), parser.bytesIn]).toEqual([true, '', 43]);
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nconnection: Keep-Alive, Close\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\nconnection: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n', false],
  ])('%j tells whether the connection stays', (text, keepsAlive) => {
    expect(read([text])).toMatchObject({ isDone: true, keepsAlive, problem: undefined });
  });

  it.each(['chunked', 'gzip, chunked', 'gzip,chunked', 'Chunked', 'gzip\r\ntransfer-encoding: chunked'])(
    'in the encoding %j is in chunks',
    (encoding) => {
      const parser = read([`HTTP/1.1 200 OK\r\ntransfer-encoding: ${encoding}\r\n\r\n2\r\nhi\r\n0\r\n\r\n`]);
      expect([parser.isDone, parser.body().toString()]).toEqual([true, 'hi']);
    },
  );

  it('does not find headers in the status line, in values or in the body', () => {
    const parser = read([
      'HTTP/1.1 200 a: b\r\nx-1: etag: no\r\nETag: yes\r\ncontent-length: 9\r\n\r\n\r\nx-2: no\r',
    ]);
    expect([parser.header('etag'), parser.header('a'), parser.header('x-2')]).toEqual([
      'yes',
      undefined,
      undefined,
    ]);
  });
});

describe('what is no valid response', () => {
  it.each<[string, string, RegExp]>([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', /no HTTP response: "SSH-2\.0/],
    ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\n', /no HTTP response/],
    ['a head without a status', 'HTTP/1.1 OK\r\n\r\n', /no HTTP response/],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', /no HTTP response/],
    ['bytes that steer a terminal', '\u001b[31m\u009b2J\u0007\r\n\r\n', /"·\[31m·2J·"/],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n', /without a name/],
    ['a line that is no header', 'HTTP/1.1 200 OK\r\nhello\r\n\r\n', /without a name: "hello"/],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n', /without a name/],
    ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', /content-length of "-1"/],
    ['a length in words', 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n', /content-length of "many"/],
    [
      'an endless length',
      `HTTP/1.1 200 OK\r\ncontent-length: ${'9'.repeat(99)}\r\n\r\n`,
      /content-length of "9{40}"/,
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', /two different/],
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      /beside/,
    ],
    [
      'a chunk size in words',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n',
      /chunk size of "x"/,
    ],
    [
      'an endless chunk size',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'f'.repeat(14)}\r\n`,
      /chunk size/,
    ],
    [
      'a chunk that goes on',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n',
      /longer than it says/,
    ],
    [
      'more than was said',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhello',
      /more bytes than the response has/,
    ],
    ['a second response', 'HTTP/1.1 204 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n', /more bytes than the response has/],
    ['a body after HEAD', 'HTTP/1.1 304 x\r\n\r\nbody', /more bytes than the response has/],
  ])('%s is malformed', (_, text, message) => {
    const parser = read([text]);
    expect(parser.isDone).toBe(true);
    expect(parser.problem).toEqual({ kind: 'malformed', message: expect.stringMatching(message) });
    expect(parser.keepsAlive).toBe(false);
  });

  it('is known by its first wrong byte, not only at the end of a head', () => {
    expect(read(['HTTP/1.1'])).toMatchObject({ isDone: false });
    expect(read(['HTTX'])).toMatchObject({ isDone: true, problem: { kind: 'malformed' } });
  });

  it('is not complete when the peer closes early', () => {
    for (const text of [
      '',
      'HTTP/1.1 200',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
    ]) {
      expect(read([text], { ends: true }).isDone).toBe(false);
    }
  });
});

describe('the limits', () => {
  const filler = (bytes: number): Buffer => Buffer.alloc(bytes, 'x');

  it.each<[string, string]>([
    ['a head', 'HTTP/1.1 200 OK\r\nx: '],
    ['a trailer', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n'],
    ['a chunk line', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;'],
    ['a body until close', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['a body by length', 'HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n'],
    ['a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n'],
  ])('end %s that goes on and on', (_, start) => {
    const parser = parserFor();
    parser.feed(Buffer.from(start));
    let fed = 0;
    while (!parser.isDone && fed < 1_000_000) {
      const piece = start.endsWith('0\r\n') ? Buffer.from('trailer: value\r\n') : filler(1000);
      parser.feed(piece);
      fed += piece.length;
    }
    expect(parser.problem).toBeDefined();
    expect(fed).toBeLessThanOrEqual(limits.bodyBytesMax + 1000);
  });

  it('allow what is exactly as long as they say', () => {
    const body = 'x'.repeat(limits.bodyBytesMax);
    expect(
      read([`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`]).problem,
    ).toBeUndefined();
    const shortest = 'HTTP/1.1 204 x\r\na: \r\n\r\n';
    const head = shortest.replace('a: ', `a: ${'x'.repeat(limits.headBytesMax - shortest.length)}`);
    expect(read([head]).problem).toBeUndefined();
    expect(read([head.replace('a: ', 'a: x')]).problem?.kind).toBe('too large');
  });

  it('keep a head that comes byte by byte from costing the square of its length', () => {
    const parser = new ResponseParser({ headBytesMax: 1_000_000, bodyBytesMax: 1, budget: new BodyBudget() });
    parser.begin('GET', false);
    const byte = Buffer.from('x');
    parser.feed(Buffer.from('HTTP/1.1 200 OK\r\nx: '));
    const before = performance.now();
    for (let fed = 0; fed < 300_000; fed++) parser.feed(byte);
    expect(performance.now() - before).toBeLessThan(5000);
    expect(parser.isDone).toBe(false);
  });

  it('hold for arbitrary bytes: nothing throws, loops or grows', () => {
    const fragments = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 100 \r\n\r\n',
      'content-length: 3\r\n',
      'transfer-encoding: chunked\r\n',
      'connection: close\r\n',
      '\r\n',
      '\r',
      '\n',
      '0\r\n',
      '3\r\nabc\r\n',
      'ffffff\r\n',
      'x',
      ':',
    );
    const piece = fc.oneof(
      fragments.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom('GET', 'HEAD'), (pieces, method) => {
        const parser = read(pieces, { method, ends: true });
        parser.body().toString();
        parser.header('connection');
        expect(parser.isDone || parser.problem === undefined).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
