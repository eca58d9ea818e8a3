import { serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader, frameBytesMax, signOfLife } from '../../../src/load/agents/frames.ts';

/** A stream in pieces that end at any of its bytes. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (stream.length + 1)), stream.length].toSorted(
    (a, b) => a - b,
  );
  return ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
}

function readAll(pieces: readonly Buffer[]): unknown[] {
  const reader = new FrameReader();
  return pieces.flatMap((piece) => reader.push(piece));
}

const message = fc.oneof(
  fc.jsonValue(),
  fc.record({
    kind: fc.constant('beat'),
    bytes: fc.uint8Array({ maxLength: 2000 }),
    part: fc.constant(undefined),
  }),
);

describe('frames', () => {
  it('come out as they went in, whatever the cuts, with signs of life between them', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat()), (messages, places) => {
        const stream = Buffer.concat(messages.flatMap((each) => [signOfLife, encodeFrame(each), signOfLife]));
        expect(readAll(cut(stream, places))).toEqual(messages);
      }),
    );
  });

  it('are handed over as soon as they are complete', () => {
    const reader = new FrameReader();
    const [first, second] = [encodeFrame('first'), encodeFrame('second')];
    expect(reader.push(Buffer.concat([first, second.subarray(0, 5)]))).toEqual(['first']);
    expect(reader.push(second.subarray(5))).toEqual(['second']);
  });

  it('of many megabytes are put together once, not with every piece', () => {
    const big = new Uint8Array(40_000_000).fill(7);
    const stream = encodeFrame(big);
    const pieces = Array.from({ length: Math.ceil(stream.length / 1000) }, (_, index) =>
      stream.subarray(index * 1000, (index + 1) * 1000),
    );
    const startMs = process.hrtime.bigint();
    expect(readAll(pieces)).toHaveLength(1);
    expect(Number(process.hrtime.bigint() - startMs) / 1e6).toBeLessThan(5000);
  });

  it('that are too long are refused by their head, before anything of them is kept', () => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(frameBytesMax + 1);
    expect(() => new FrameReader().push(head)).toThrow(/a frame of 67108865 bytes; the limit is 67108864/);
    expect(() => encodeFrame(new Uint8Array(frameBytesMax))).toThrow(/A frame may have 67108864 bytes/);
  });

  it('that hold no message are refused, and never crash the reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (noise) => {
        const head = Buffer.alloc(4);
        head.writeUInt32BE(noise.length);
        try {
          new FrameReader().push(Buffer.concat([head, noise]));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('that were changed on the way are refused, or are other messages', () => {
    const frame = Buffer.from(encodeFrame({ kind: 'ping', sentMs: 1 }));
    frame[4] = 0;
    expect(() => new FrameReader().push(frame)).toThrow(/Unable to deserialize/);
    expect(serialize('').length).toBeGreaterThan(0);
  });
});
