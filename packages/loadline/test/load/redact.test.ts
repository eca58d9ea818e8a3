import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../src/load/redact.ts';

describe('withoutSecrets()', () => {
  it('puts stars for them in texts and in names that people gave, however deep', () => {
    const given = {
      reasons: ['x hunter22 y', 'hunter22hunter22'],
      rows: [{ name: 'GET /hunter22', failures: { closed: { count: 1, example: 'by "hunter22"' } } }],
      cutShortBecause: { 'visit: hunter22': 3 },
      checks: { failedByName: { 'has hunter22': 1 } },
      requests: 7,
      nothing: undefined,
    };
    expect(withoutSecrets(given, ['hunter22'])).toEqual({
      reasons: ['x *** y', '******'],
      rows: [{ name: 'GET /***', failures: { closed: { count: 1, example: 'by "***"' } } }],
      cutShortBecause: { 'visit: ***': 3 },
      checks: { failedByName: { 'has ***': 1 } },
      requests: 7,
      nothing: undefined,
    });
  });

  it('leaves nothing over of one that is a part of another', () => {
    expect(withoutSecrets('a secret-and-more, a secret', ['secret', 'secret-and-more'])).toBe('a ***, a ***');
  });

  it('knows them as they stand in an address and in JSON', () => {
    expect(withoutSecrets(['?a=p%40ss%20w%22rd%2F', '"p@ss w\\"rd/"'], ['p@ss w"rd/'])).toEqual([
      '?a=***',
      '"***"',
    ]);
    expect(withoutSecrets('\ud800abc', ['\ud800abc'])).toBe('***');
  });

  it('keeps what is read by machines, whatever the secrets are', () => {
    const report = {
      schema: 'loadline.load-report/2',
      startedAt: '2026-01-01T00:00:00.000Z',
      verdict: { status: 'passed', reasons: ['passed'] },
      thresholds: [{ verdict: 'failed', text: 'failed' }],
      total: { latencyHistogram: 'AAAA', serviceHistogram: 'AAAA', name: 'total' },
    };
    const secrets = ['loadline', '2026', 'passed', 'failed', 'total', 'AAAA', 'verdict', 'text'];
    expect(withoutSecrets(report, secrets)).toEqual({
      ...report,
      verdict: { status: 'passed', reasons: ['***'] },
      thresholds: [{ verdict: 'failed', text: '***' }],
      total: { ...report.total, name: '***' },
    });
  });

  it('takes what is short for a word and no secret', () => {
    expect(withoutSecrets('eu-1, no, 42, abc', ['eu', '42', '', 'abc'])).toBe('eu-1, no, 42, abc');
  });

  it('gives back the same value where there are none', () => {
    const value = { a: 1 };
    expect(withoutSecrets(value, [])).toBe(value);
  });
});
