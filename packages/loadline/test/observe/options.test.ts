import { observe } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

describe('observe()', () => {
  it('refuses what it cannot be opened by, tells every problem, and no key', () => {
    const options = {
      controlKey: 'too-short',
      metricsKey: ['', 'long-enough-to-be-a-key'],
      metricsAddresses: ['localhost'],
      controlkey: 'x',
    };
    expect(() => observe(options)).toThrow(
      expect.objectContaining({
        code: 'OBSERVE_OPTIONS_INVALID',
        message: expect.stringMatching(
          /^(?!.*too-short)(?=.*controlKey must)(?=.*metricsKey)(?=.*metricsAddresses\[0\])/,
        ),
      }),
    );
  });
});
