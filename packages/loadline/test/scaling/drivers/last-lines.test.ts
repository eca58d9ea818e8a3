import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LastLines } from '../../../src/scaling/drivers/last-lines.ts';

describe('LastLines', () => {
  it('puts lines together that a pipe has cut', () => {
    const lines = new LastLines();
    for (const part of ['li', 'stening\nre', 'ady\n', 'waiting']) lines.write(part);
    expect(lines.lines).toEqual(['listening', 'ready', 'waiting']);
  });

  it('keeps the last ones only, each cut to a length', () => {
    const lines = new LastLines(2, 5);
    lines.write('one\ntwo\nfourteen\n');
    expect(lines.lines).toEqual(['two', 'four…']);
  });

  it('never holds more than its limits, however much is written and however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') })), (parts) => {
        const lines = new LastLines(3, 4);
        for (const part of parts) {
          lines.write(part);
          expect(lines.lines.length).toBeLessThanOrEqual(3);
          for (const line of lines.lines) expect(line.length).toBeLessThanOrEqual(4);
        }
      }),
    );
  });

  it('is not led to hold much by a line without an end', () => {
    const lines = new LastLines(3, 4);
    for (let i = 0; i < 1000; i++) lines.write('x'.repeat(1000));
    expect(lines.lines).toEqual(['xxx…']);
  });
});
