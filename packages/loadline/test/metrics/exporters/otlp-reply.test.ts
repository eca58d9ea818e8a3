import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPartialSuccess } from '../../../src/metrics/exporters/otlp-reply.ts';
import { encodePartialSuccess } from './published-otlp.ts';

function read(contentType: string, body: Uint8Array | string) {
  return readPartialSuccess({ status: 200, retryAfter: undefined, contentType, body: Buffer.from(body) });
}

const nothing = { points: 0, why: '' };

describe('readPartialSuccess()', () => {
  it('reads what the published definitions write', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: 'grapheme', maxLength: 300 }), (points, why) => {
        expect(read('application/x-protobuf', encodePartialSuccess(points, why))).toEqual({ points, why });
      }),
    );
  });

  it('reads the JSON form, with the number in quotes or without', () => {
    const json = '{"partialSuccess":{"rejectedDataPoints":"12","errorMessage":"too old"}}';
    expect(read('application/json; charset=utf-8', json)).toEqual({ points: 12, why: 'too old' });
    expect(read('application/json', json.replace('"12"', '12'))).toEqual({ points: 12, why: 'too old' });
  });

  it('finds nothing rejected in an empty answer, and in anything that is none', () => {
    expect(read('application/x-protobuf', '')).toEqual(nothing);
    for (const json of ['', '{}', 'null', '[]', '{"partialSuccess":null}']) {
      expect(read('application/json', json)).toEqual(nothing);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isJson) => {
        const { points } = read(isJson ? 'application/json' : 'application/x-protobuf', bytes);
        expect(Number.isSafeInteger(points) && points >= 0).toBe(true);
      }),
    );
  });

  it('does not believe a negative count', () => {
    expect(read('application/x-protobuf', encodePartialSuccess(-1, 'odd'))).toEqual({
      points: 0,
      why: 'odd',
    });
  });
});
