import { describe, expect, it } from 'vitest';
import { readObservers } from '../../src/cli/door/observers.ts';

describe('readObservers()', () => {
  it('prints no password of an address that it does not take', () => {
    const read = (): unknown => readObservers({ otlp: 'ftp://ann:Passw0rdXYZ@x' });
    expect(read).toThrow(/--otlp must be an address .*"ftp:\/\/…@x"/);
    expect(read).not.toThrow(/Passw0rdXYZ/);
  });
});
