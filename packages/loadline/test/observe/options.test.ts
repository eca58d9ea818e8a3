import { type ObserveOptions, observe } from 'loadline/observe';
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

  it('refuses health and a beacon that could not be asked later', () => {
    const options: unknown = {
      health: {
        checks: { database: true, cache: null, mail: { isCritical: 'no', timeoutMs: 60_001 } },
        isDraining: false,
        timeoutMs: 0,
        check: {},
      },
      beacon: { origins: 'https://shop.example', ratePerSecond: '5' },
    };
    const found = ['health.check is', 'checks.database must', 'isDraining must', 'health.timeoutMs must'];
    const checks = ['checks.cache must', 'mail.check', 'mail.isCritical must', 'mail.timeoutMs must'];
    for (const part of [...found, ...checks, 'beacon.origins must', 'beacon.ratePerSecond must']) {
      expect(() => observe(options as ObserveOptions)).toThrow(part);
    }
  });

  it.each([{ health: null }, { beacon: true }])(
    'refuses %j instead of failing when it is asked',
    (options) => {
      expect(() => observe(options as unknown as ObserveOptions)).toThrow(
        expect.objectContaining({ code: 'OBSERVE_OPTIONS_INVALID' }),
      );
    },
  );
});
