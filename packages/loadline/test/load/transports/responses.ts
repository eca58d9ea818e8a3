import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';

/** A response as a server writes it, with what a reader must find in it. */
export interface WrittenResponse {
  readonly method: 'GET' | 'HEAD';
  readonly bytes: Buffer;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As it was meant; on the wire it may stand in an encoding. */
  readonly body: string;
  /** Whether only the end of the connection ends it. */
  readonly lastsUntilClose: boolean;
  readonly keepsAlive: boolean;
}

const encoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: gzipSync,
  deflate: deflateSync,
  'raw deflate': deflateRawSync,
  br: brotliCompressSync,
};
const encodings = fc.constantFrom('', '', '', '', ...Object.keys(encoders));

type Framing = 'length' | 'chunked' | 'close';

const tokens = fc.string({ unit: fc.constantFrom(...'abcxyz-09'), minLength: 1, maxLength: 8 });
const values = fc
  .string({ unit: fc.constantFrom(...'aZ0 ,;=:"/()é'), maxLength: 20 })
  .map((value) => value.trim());
const headers = fc.array(
  tokens.chain((name) => values.map((value) => [`x-${name}`, value] as const)),
  { maxLength: 4 },
);
const chunkExtensions = fc.constantFrom('', ';a', ';a=b', ';x="y"');
const trailers = fc.array(
  tokens.map((name) => `t-${name}: v\r\n`),
  { maxLength: 2 },
);

/** Any valid response: by length, in chunks, until the connection closes, without a body, after 1xx heads. */
export const writtenResponses: fc.Arbitrary<WrittenResponse> = fc
  .record({
    method: fc.constantFrom('GET' as const, 'GET' as const, 'GET' as const, 'HEAD' as const),
    status: fc.constantFrom(200, 201, 204, 301, 304, 404, 409, 500, 503),
    reason: fc.constantFrom('OK', 'Not Found', ''),
    framing: fc.constantFrom<Framing>('length', 'chunked', 'close'),
    interim: fc.array(fc.constantFrom('100 Continue', '103 Early Hints'), { maxLength: 2 }),
    headers,
    encoding: encodings,
    closes: fc.boolean(),
    body: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constant(''),
      fc.string({ minLength: 200, maxLength: 2000 }),
    ),
    chunkSizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
    extension: chunkExtensions,
    trailers,
    space: fc.constantFrom('', ' ', '  '),
  })
  .map((parts) => {
    const hasBody = parts.method !== 'HEAD' && parts.status !== 204 && parts.status !== 304;
    const meant = Buffer.from(parts.body.toWellFormed(), 'utf8');
    const bodyBytes = encoders[parts.encoding]?.(meant) ?? meant;
    const framingLine =
      parts.framing === 'length'
        ? `Content-Length:${parts.space}${bodyBytes.length}\r\n`
        : parts.framing === 'chunked'
          ? 'Transfer-Encoding: chunked\r\n'
          : '';
    // Only a body knows where it ends by closing: without one, the connection stays.
    const lastsUntilClose = parts.framing === 'close' && hasBody;
    const head = [
      ...parts.interim.map((line) => `HTTP/1.1 ${line}\r\nlink: <x>\r\n\r\n`),
      `HTTP/1.1 ${parts.status} ${parts.reason}\r\n`,
      ...parts.headers.map(([name, value]) => `${name}:${parts.space}${value}\r\n`),
      parts.status === 204 ? '' : framingLine,
      parts.encoding === '' ? '' : `Content-Encoding:${parts.space}${parts.encoding.replace('raw ', '')}\r\n`,
      parts.closes ? 'Connection: close\r\n' : '',
      '\r\n',
    ].join('');
    const payload = !hasBody ? noBytes : parts.framing === 'chunked' ? chunked(bodyBytes, parts) : bodyBytes;
    return {
      method: parts.method,
      bytes: Buffer.concat([Buffer.from(head, 'latin1'), payload]),
      status: parts.status,
      headers: parts.headers,
      body: hasBody ? meant.toString('utf8') : '',
      lastsUntilClose,
      keepsAlive: !parts.closes && !lastsUntilClose,
    };
  });

const noBytes = Buffer.alloc(0);

function chunked(
  body: Buffer,
  parts: {
    readonly chunkSizes: readonly number[];
    readonly extension: string;
    readonly trailers: readonly string[];
  },
): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const size = parts.chunkSizes[turn % parts.chunkSizes.length] as number;
    const piece = body.subarray(at, at + size);
    const digits = turn % 2 === 0 ? piece.length.toString(16) : `0${piece.length.toString(16).toUpperCase()}`;
    pieces.push(Buffer.from(`${digits}${parts.extension}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from(`0${parts.extension}\r\n${parts.trailers.join('')}\r\n`)]);
}

/** Cuts bytes where the numbers, as shares of the length, say. */
export function cut(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = [...new Set(shares.map((share) => Math.floor(share * bytes.length)))].toSorted(
    (a, b) => a - b,
  );
  const borders = [0, ...places, bytes.length];
  return borders.slice(1).map((to, index) => bytes.subarray(borders[index], to));
}

/** A response that something has changed on its way. */
export type Mutation =
  | { readonly kind: 'overwrite'; readonly at: number; readonly value: number }
  | { readonly kind: 'lose'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly from: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'end'; readonly at: number };

const places = fc.nat(2000);
const lengths = fc.integer({ min: 1, max: 40 });
const fragments = fc.constantFrom(
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 \r\n\r\n', 'content-length: 3\r\n', 'Content-Length: 03\r\n'],
  ...['transfer-encoding: chunked\r\n', 'connection: close\r\n', 'content-encoding: gzip\r\n', ' folded\r\n'],
  ...[
    '\r\n\r\n',
    '\r\n',
    '\r',
    '\n',
    '0\r\n\r\n',
    '3\r\nabc\r\n',
    'fffffffffff\r\n',
    ':',
    ' ',
    '\t',
    '\0',
    ';',
    '\u00ff',
  ],
);

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('overwrite' as const), at: places, value: fc.nat(255) }),
    fc.record({ kind: fc.constant('lose' as const), at: places, length: lengths }),
    fc.record({ kind: fc.constant('repeat' as const), at: places, from: places, length: lengths }),
    fc.record({ kind: fc.constant('insert' as const), at: places, text: fragments }),
    fc.record({ kind: fc.constant('end' as const), at: places }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** @param mutation its places are taken modulo the length. */
export function mutate(bytes: Buffer, mutation: Mutation): Buffer {
  const at = mutation.at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (mutation.kind) {
    case 'overwrite':
      return Buffer.concat([before, Buffer.of(mutation.value), after.subarray(1)]);
    case 'lose':
      return Buffer.concat([before, after.subarray(mutation.length)]);
    case 'repeat': {
      const from = mutation.from % (bytes.length + 1);
      return Buffer.concat([before, bytes.subarray(from, from + mutation.length), after]);
    }
    case 'insert':
      return Buffer.concat([before, Buffer.from(mutation.text, 'latin1'), after]);
    case 'end':
      return before;
  }
}
