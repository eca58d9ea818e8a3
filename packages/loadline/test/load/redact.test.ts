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

  it('knows them in credentials, wherever in base64 they begin', () => {
    for (const user of ['', 'a', 'an', 'ann', 'ann.other@example.org']) {
      for (const format of ['base64', 'base64url'] as const) {
        const sent = Buffer.from(`${user}:Passw0rdXYZ-é>>`).toString(format);
        const shown = withoutSecrets(`"NOPE Basic ${sent}" was sent`, ['Passw0rdXYZ-é>>']);
        expect(shown).toMatch(/^"NOPE Basic [\w-]*\*\*\*" was sent$/);
        const left = /Basic ([\w-]*)/.exec(shown)?.[1] ?? '';
        expect(Buffer.from(left, format).length).toBeLessThanOrEqual(user.length + 1);
      }
    }
  });

  it('knows them in upper and lower case, as in a host or a shout', () => {
    expect(withoutSecrets('to passw0rdxyz.example, PASSW0RDXYZ', ['Passw0rdXYZ'])).toBe(
      'to ***.example, ***',
    );
  });

  it('knows them as a form has them, and as the bytes of an answer are quoted', () => {
    expect(withoutSecrets(['a=two+w%C3%B6rds%21', '"two w··rds!"'], ['two wörds!'])).toEqual([
      'a=***',
      '"***"',
    ]);
  });

  it('knows what is left of one where a quotation or a long message was cut', () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.signature';
    const cut = (text: string): string => `no HTTP response: ${JSON.stringify(text.slice(0, 40))}`;
    expect(withoutSecrets(cut(`NOPE Bearer ${token}`), [token])).toBe('no HTTP response: "NOPE Bearer ***"');
    const basic = Buffer.from(`ann:${token}`).toString('base64');
    expect(withoutSecrets(cut(`NOPE ${basic}`), [token])).toMatch(
      /^no HTTP response: "NOPE YW5u\w{0,2}\*\*\*"$/,
    );
    const thrown = `${'x'.repeat(180)}${token}`.slice(0, 200);
    expect(withoutSecrets({ cutShortBecause: { [thrown]: 1 } }, [token])).toEqual({
      cutShortBecause: { [`${'x'.repeat(180)}***`]: 1 },
    });
  });

  it('leaves a name alone that ends as one begins', () => {
    expect(withoutSecrets('GET /login', ['login-hunter22'])).toBe('GET /login');
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
