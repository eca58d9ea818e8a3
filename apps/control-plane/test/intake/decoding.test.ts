import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { compress } from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { RemoteWrites } from '../../src/intake/remote-write/remote-writes.ts';
import { uncompressBlock } from '../../src/intake/remote-write/snappy-block.ts';
import { readLabels, readWriteRequest } from '../../src/intake/remote-write/write-request.ts';
import { Problem } from '../../src/problems/index.ts';
import { messageOf, packed } from './written.ts';

const mebibyte = 2 ** 20;

/** Texts that pack well beside bytes that do not. */
const contents = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 900 }))
        .map(([piece, times]) => Buffer.concat(Array.from({ length: times }, () => piece))),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));

const labels = fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }), {
  maxKeys: 6,
});
const series = fc.record({
  labels,
  samples: fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 45 }), fc.double({ noNaN: true })), {
    maxLength: 5,
  }),
});

/** What hostile bytes come to: a problem of whoever sent them, or nothing. */
function expectNoHarm(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    expect([400, 413]).toContain((error as Problem).status);
  }
}

describe('a block of Snappy', () => {
  it('gives what was packed', () => {
    fc.assert(
      fc.property(contents, (content) => {
        const unpacked = uncompressBlock(compress(content), 16 * mebibyte);
        expect(Buffer.compare(unpacked, content)).toBe(0);
      }),
    );
  });

  it('gives runs, and copies from far back', () => {
    const content = new Uint8Array(200_000).fill(7);
    content.set(Buffer.from('once more'), 0);
    content.set(Buffer.from('once more'), 150_000);
    expect(Buffer.compare(uncompressBlock(compress(content), mebibyte), content)).toBe(0);
    // A copy with an offset of 32 bits, which compressors hardly write.
    const far = new Uint8Array([8, 0b1100, 1, 2, 3, 4, 0b1111, 4, 0, 0, 0]);
    expect([...uncompressBlock(far, 100)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  it('is refused by the length that it declares, before anything is reserved', () => {
    const declaring = (...length: number[]): Uint8Array => new Uint8Array([...length, 0, 1]);
    expect(() => uncompressBlock(declaring(0x81, 0x80, 0x40), mebibyte)).toThrow('1048577 bytes');
    expect(() => uncompressBlock(declaring(0xff, 0xff, 0xff, 0xff, 0x0f), mebibyte)).toThrow('4294967295');
    expect(() => uncompressBlock(declaring(0x80, 0x80, 0x40), mebibyte)).toThrow('no block');
  });

  it.each([
    ['goes backwards', [4, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
    ['copies from before its beginning', [8, 0b1100, 1, 2, 3, 4, 0b1, 5]],
    ['copies from where it stands', [8, 0b1100, 1, 2, 3, 4, 0b1, 0]],
    ['gives more than it declares', [3, 0b1100, 1, 2, 3, 4]],
    ['gives less than it declares', [5, 0b1100, 1, 2, 3, 4]],
    ['ends within a literal', [8, 0b1100, 1, 2]],
    ['ends within the length of a literal', [100, 0xf4, 1]],
    ['ends within an offset', [8, 0b1100, 1, 2, 3, 4, 0b10, 1]],
    ['declares a length without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
    ['is empty', []],
  ])('that %s is refused', (_how, bytes) => {
    expect(() => uncompressBlock(new Uint8Array(bytes), mebibyte)).toThrow('no block of Snappy');
  });

  it('may hold anything, and does no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(400), (bytes, declared) => {
        expectNoHarm(() => uncompressBlock(bytes, mebibyte));
        const declaring = [
          ...(declared < 128 ? [declared] : [(declared % 128) + 128, declared >> 7]),
          ...bytes,
        ];
        expectNoHarm(() => uncompressBlock(new Uint8Array(declaring), mebibyte));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a write request', () => {
  it('gives what was written', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 8 }), (all) => {
        const read = readWriteRequest(messageOf(all), 10_000);
        expect(read.series.map(({ samples }) => samples)).toEqual(
          all.map((one) => one.samples.map(([atMs, value]) => ({ atMs, value }))),
        );
        expect(read.series.map((one) => Object.fromEntries(readLabels(one.labels) ?? []))).toEqual(
          all.map((one) =>
            Object.fromEntries(
              Object.entries(one.labels)
                .map(([name, value]) => [name.toWellFormed(), value.toWellFormed()])
                .filter(([, value]) => value !== ''),
            ),
          ),
        );
      }),
    );
  });

  it('does no harm cut off anywhere, or with a byte that is another', () => {
    const whole = messageOf([
      {
        labels: { __name__: 'm', job: 'j' },
        samples: [
          [1, 2],
          [3, 4],
        ],
      },
    ]);
    for (let end = 1; end < whole.length; end++)
      expectNoHarm(() => readWriteRequest(whole.slice(0, end), 100));
    fc.assert(
      fc.property(
        fc.array(series, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat(255),
        (all, at, byte) => {
          const message = messageOf(all);
          message[at % message.length] = byte;
          expectNoHarm(() => new RemoteWrites(createVirtualClock()).read(packed(message)));
          const block = packed(messageOf(all));
          block[at % block.length] = byte;
          expectNoHarm(() => new RemoteWrites(createVirtualClock()).read(block));
          expectNoHarm(() => new RemoteWrites(createVirtualClock()).read(block.slice(0, at % block.length)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may hold anything, and does no harm', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expectNoHarm(() => new RemoteWrites(createVirtualClock()).read(packed(new Uint8Array(bytes))));
      expectNoHarm(() => readLabels(bytes));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('is refused where a part of it goes beyond its end', () => {
    // A series of four bytes, in it a sample of two, in it a number of eight: all of which are there.
    const bytes = new Uint8Array([0x0a, 4, 0x12, 2, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0]);
    expect(() => readWriteRequest(bytes, 100)).toThrow('no prometheus.WriteRequest');
  });

  it('is refused where a label is there twice', () => {
    const twice = Buffer.concat([
      Buffer.from([0x0a, 0x04, 0x0a, 0x00, 0x12, 0x00]),
      Buffer.from([0x0a, 0x04, 0x0a, 0x00, 0x12, 0x00]),
    ]);
    expect(readLabels(twice)).toBeUndefined();
  });
});
