import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeContent } from '../../../src/load/transports/content-encoding.ts';

const encoders: Readonly<Record<string, readonly ((bytes: Uint8Array) => Buffer)[]>> = {
  gzip: [gzipSync],
  'x-gzip': [gzipSync],
  // Some servers send the bare stream under this name.
  deflate: [deflateSync, deflateRawSync],
  br: [(bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  zstd: [zstdCompressSync],
  identity: [(bytes) => Buffer.from(bytes)],
};
const text = Buffer.from('what was meant, '.repeat(100));

function decoded(encoded: Buffer, header: string, bytesMax = 1_000_000): unknown {
  const result = decodeContent(encoded, header, bytesMax);
  return 'bytes' in result ? result.bytes.toString('latin1') : result;
}

describe('decodeContent()', () => {
  it('undoes any encodings that follow one another, in whatever case', () => {
    const layers = fc.array(fc.tuple(fc.constantFrom(...Object.keys(encoders)), fc.nat(1)), { maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        layers,
        fc.boolean(),
        (bytes, names, isLoud) => {
          let encoded: Buffer = Buffer.from(bytes);
          for (const [name, turn] of names) {
            const among = encoders[name] as readonly ((bytes: Uint8Array) => Buffer)[];
            encoded = (among[turn % among.length] as (bytes: Uint8Array) => Buffer)(encoded);
          }
          const header = names.map(([name]) => (isLoud ? ` ${name.toUpperCase()} ` : name)).join(',');
          expect(decoded(encoded, header)).toBe(Buffer.from(bytes).toString('latin1'));
        },
      ),
    );
  });

  it.each(['', 'identity', ' , ,'])('leaves a body as it is that is in the encoding %j', (header) => {
    expect(decoded(text, header)).toBe(text.toString());
  });

  it.each(['compress', 'gzip, base64', 'toString', '__proto__'])('knows no %j', (header) => {
    expect(decoded(gzipSync(text), header)).toEqual({
      kind: 'malformed',
      problem: 'a body in an unknown encoding',
    });
  });

  it.each(Object.keys(encoders).filter((name) => name !== 'identity'))('says so of what is no %s', (name) => {
    const encode = encoders[name]?.[0] as (bytes: Uint8Array) => Buffer;
    const problem = { kind: 'malformed', problem: `a body that is no ${name}` };
    expect(decoded(Buffer.from('no such thing at all'), name)).toEqual(problem);
    expect(decoded(encode(text).subarray(0, -9), name)).toEqual(problem);
  });

  it.each(Object.keys(encoders).filter((name) => name !== 'identity'))(
    'refuses a bomb of %s without unfolding it',
    (name) => {
      for (const encode of encoders[name] as readonly ((bytes: Uint8Array) => Buffer)[]) {
        const bomb = encode(Buffer.alloc(10_000_000));
        expect(bomb.length).toBeLessThan(20_000);
        const before = process.memoryUsage().arrayBuffers;
        expect(decoded(bomb, name, 100_000)).toEqual({
          kind: 'too large',
          problem: 'a body that unfolds to over 100 kB',
        });
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
      }
    },
  );

  it('allows what unfolds to the limit, and no byte more', () => {
    for (const name of Object.keys(encoders).filter((each) => each !== 'identity')) {
      const encode = encoders[name]?.[0] as (bytes: Uint8Array) => Buffer;
      expect(decoded(encode(text), name, text.length)).toBe(text.toString());
      expect(decoded(encode(text), name, text.length - 1)).toMatchObject({ kind: 'too large' });
    }
  });

  it('does not unfold one encoding after the other without end', () => {
    expect(decoded(text, Array(6).fill('gzip').join(','))).toEqual({
      kind: 'malformed',
      problem: 'a body in 6 encodings, one within the other',
    });
  });

  it('takes any bytes in any encoding without throwing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.constantFrom(...Object.keys(encoders)),
        (bytes, name) => {
          expect(decodeContent(Buffer.from(bytes), name, 1000)).toBeDefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});
