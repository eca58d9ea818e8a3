import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyReader } from '../../../src/traffic/embedded/message/body-reader.ts';
import type { Framing } from '../../../src/traffic/embedded/message/request-head.ts';

const limits = { headBytesMax: 256, fieldsMax: 5 };

interface Read {
  readonly text: string;
  readonly rest: string;
  readonly isDone: boolean;
  readonly problem: string | undefined;
  readonly trailers: string;
}

/** Feeds the text in pieces of these sizes, over and over. */
function read(framing: Framing, text: string, sizes: readonly number[] = [text.length]): Read {
  const reader = new BodyReader(limits);
  reader.begin(framing);
  let found = '';
  const sink = {
    data: (bytes: Buffer, from: number, to: number) => (found += bytes.toString('latin1', from, to)),
  };
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (let turn = 0; at < bytes.length && !reader.isDone && reader.problem === undefined; turn++) {
    const to = Math.min(bytes.length, at + (sizes[turn % sizes.length] as number));
    at = reader.read(bytes, at, to, sink);
  }
  const { isDone, problem, trailers } = reader;
  return { text: found, rest: bytes.toString('latin1', at), isDone, problem, trailers };
}

function inChunks(pieces: readonly string[], extension = '', trailers = ''): string {
  const chunks = pieces.filter((piece) => piece !== '');
  return `${chunks.map((piece) => `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`).join('')}0\r\n${trailers}\r\n`;
}

describe('BodyReader', () => {
  it('ends a body of a length where it ends, and leaves what follows', () => {
    expect(read(5, 'helloGET /')).toMatchObject({ text: 'hello', rest: 'GET /', isDone: true });
    expect(read(0, 'GET /')).toMatchObject({ text: '', rest: 'GET /', isDone: true });
    expect(read(5, 'hell')).toMatchObject({ text: 'hell', isDone: false });
  });

  it('reads chunks with extensions and trailers, however they are cut', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', ';'), maxLength: 40 }), {
      maxLength: 6,
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
    const extension = fc.constantFrom('', ';a', ';a=b;c="d e"', '; x');
    const trailers = fc.constantFrom('', 'A: b\r\n', 'A: b\r\nC: d\r\n');
    fc.assert(
      fc.property(pieces, sizes, extension, trailers, (written, cuts, ext, lines) => {
        expect(read('chunked', `${inChunks(written, ext, lines)}GET /`, cuts)).toEqual({
          text: written.join(''),
          rest: 'GET /'.slice(0),
          isDone: true,
          problem: undefined,
          trailers: lines,
        });
      }),
    );
  });

  it('hands on nothing behind a body that frames or routes', () => {
    const { trailers } = read('chunked', inChunks(['a'], '', 'Content-Length: 5\r\nHost: y\r\nX-Sum: 1\r\n'));
    expect(trailers).toBe('X-Sum: 1\r\n');
  });

  it('lasts until the peer ends where nothing says how long it is', () => {
    const reader = new BodyReader(limits);
    reader.begin('until close');
    reader.read(Buffer.from('abc'), 0, 3, { data: () => {} });
    expect(reader.isDone).toBe(false);
    expect(reader.end()).toBe(true);
  });

  it('is not whole where the peer ends before', () => {
    const reader = new BodyReader(limits);
    for (const framing of [5, 'chunked'] as const) {
      reader.begin(framing);
      expect(reader.end()).toBe(false);
    }
  });

  it.each([
    ['extensions', inChunks(Array(100).fill('a'), ';abc')],
    ['a trailer', inChunks([], '', `A: ${'a'.repeat(300)}\r\n`)],
    ['lines of a trailer', inChunks([], '', 'A: b\r\n'.repeat(6))],
  ])('has a limit for %s', (_, text) => {
    expect(read('chunked', text).problem).toMatch(/over 256 bytes|too many/);
    expect(read('chunked', text, [1]).problem).toMatch(/over 256 bytes|too many/);
  });
});
