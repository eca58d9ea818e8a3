import fc from 'fast-check';

/** A response as a server writes it, with what a reader must find in it. */
export interface WrittenResponse {
  readonly method: 'GET' | 'HEAD';
  readonly bytes: Buffer;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Whether only the end of the connection ends it. */
  readonly lastsUntilClose: boolean;
  readonly keepsAlive: boolean;
}

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
    const bodyBytes = Buffer.from(parts.body.toWellFormed(), 'utf8');
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
      parts.closes ? 'Connection: close\r\n' : '',
      '\r\n',
    ].join('');
    const payload = !hasBody ? noBytes : parts.framing === 'chunked' ? chunked(bodyBytes, parts) : bodyBytes;
    return {
      method: parts.method,
      bytes: Buffer.concat([Buffer.from(head, 'latin1'), payload]),
      status: parts.status,
      headers: parts.headers,
      body: hasBody ? bodyBytes.toString('utf8') : '',
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
