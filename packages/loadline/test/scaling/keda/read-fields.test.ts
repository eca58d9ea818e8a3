import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMetricsRequest, readScaledObjectRef } from '../../../src/scaling/keda/messages.ts';
import { readTriggerMetadata } from '../../../src/scaling/keda/trigger-metadata.ts';
import { kedaDefinition } from './keda-client.ts';

describe('what KEDA sends', () => {
  const text = fc.string({ maxLength: 300 });
  const ref = fc.record({ name: text, namespace: text, scalerMetadata: fc.dictionary(text, text) });

  it('is read as another implementation has written it', () => {
    const { requestSerialize } = kedaDefinition.GetMetrics as NonNullable<typeof kedaDefinition.GetMetrics>;
    fc.assert(
      fc.property(ref, text, (scaledObjectRef, metricName) => {
        const bytes = requestSerialize({ scaledObjectRef, metricName });
        expect(readMetricsRequest(bytes)).toEqual({
          metric: metricName,
          ref: {
            name: scaledObjectRef.name,
            namespace: scaledObjectRef.namespace,
            metadata: new Map(Object.entries(scaledObjectRef.scalerMetadata)),
          },
        });
      }),
    );
  });

  it('is read over where a later version says more', () => {
    // Fields of each type that nobody knows here: a varint, eight bytes, a text, four bytes.
    const more = [0x78, 0xff, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 1, 65, 0x7d, 1, 2, 3, 4];
    expect(readScaledObjectRef(Uint8Array.of(...more, 0x0a, 1, 66, ...more)).name).toBe('B');
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(typeof readTriggerMetadata(readScaledObjectRef(bytes))).toMatch(/string|object/);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
