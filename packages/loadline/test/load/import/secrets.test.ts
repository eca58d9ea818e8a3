import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName, looksSecret, secretsWithin } from '../../../src/load/import/draft/looks.ts';
import { recordingOf } from './recordings.ts';
import { bodyOf, fromHar, headerOf, read, requestsOf, shown } from './written.ts';

describe('secrets of a recording', () => {
  const yaml = fromHar(
    recordingOf(
      {
        url: '/login?api_key=k-123456&next=/x',
        json: { user: 'ann', password: 'hunter2', pin: 1234, token_type: 'bearer' },
        headers: { 'X-Auth-Token': 'abc-token' },
      },
      {
        url: '/admin',
        headers: { Authorization: `Basic ${Buffer.from('root:s3cret!').toString('base64')}` },
      },
      {
        url: '/api',
        headers: { Authorization: 'Bearer tok-999-888', Cookie: 'sid=session-cookie-1; theme=dark; _ga=GA1' },
      },
      { url: '/aws', headers: { Authorization: 'AWS4-HMAC-SHA256 Credential=AKIA' } },
      { url: '/echo/hunter2', body: { type: 'text/plain', text: 'my password: hunter2!' } },
    ),
  );
  const [login, admin, api, aws, echo] = requestsOf(read(yaml)) as [never, never, never, never, never];

  it('stand nowhere in what is written', () => {
    for (const secret of [
      'k-123456',
      'hunter2',
      '1234',
      'abc-token',
      's3cret',
      'tok-999-888',
      'session-cookie-1',
      'AKIA',
      Buffer.from('root:s3cret!').toString('base64'),
    ])
      expect(yaml).not.toContain(secret);
  });

  it('are asked of the environment where they stood', () => {
    expect(shown((login as ReturnType<typeof requestsOf>[number]).path)).toBe(
      '/login?api_key=%3CAPI_KEY%3E&next=%2Fx',
    );
    expect(bodyOf(login)).toContain('"user":"ann","password":"<PASSWORD>"');
    expect(bodyOf(login)).toContain('"token_type":"bearer"');
    expect(headerOf(login, 'x-auth-token')).toBe('<X_AUTH_TOKEN>');
    expect(headerOf(admin, 'authorization')).toBe('root:<PASSWORD_2>');
    expect(headerOf(api, 'authorization')).toBe('Bearer <TOKEN>');
    expect(headerOf(aws, 'authorization')).toBe('<AUTHORIZATION>');
    expect(shown((echo as ReturnType<typeof requestsOf>[number]).path)).toBe('/echo/<PASSWORD>');
  });

  it('are told to be encoded where a form or a query is written as it is, because it holds braces', () => {
    const type = 'application/x-www-form-urlencoded';
    const note =
      '# What is filled in here is sent as it is: what has to be set must be written percent-encoded.';
    const form = (text: string): string => fromHar(recordingOf({ url: '/form', body: { type, text } }));
    expect(form('password=hunter2&x=%7B%7By%7D%7D')).toContain(note);
    expect(form('a=b&x=%7B%7By%7D%7D')).not.toContain(note);
    expect(form('password=hunter2&x=y')).not.toContain(note);
    expect(fromHar(recordingOf({ url: '/q?password=hunter2&x=%7B%7By%7D%7D' }))).toContain(note);
    expect(fromHar(recordingOf({ url: '/j', json: { password: 'hunter2', x: '{{y}}' } }))).toContain(
      'must be written as within JSON.',
    );
  });

  it('are listed on top with where each was', () => {
    expect(yaml).toContain('#   PASSWORD: password of POST /login');
    expect(yaml).toContain('#   PASSWORD_2: the password of root in basic credentials, of GET /admin');
    expect(yaml).toContain('#   TOKEN: the bearer token of GET /api');
    expect(yaml).toMatch(/# {3}COOKIE: cookies that the browser had .* as in sid=…: sid, theme\n/);
  });

  it('are nowhere, whatever they are and wherever else they stand', () => {
    const secret = fc
      .string({
        unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._~+/=!"\\ %&<>{}'),
        minLength: 8,
        maxLength: 40,
      })
      .map((text) => `Zq7${text.trim()}w`);
    fc.assert(
      fc.property(
        secret,
        fc.constantFrom('password', 'apiKey', 'x-auth-token', 'client_secret'),
        (value, name) => {
          const encoded = encodeURIComponent(value);
          const written = fromHar(
            recordingOf(
              {
                url: `/a/${encoded}?q=${encoded}&${encoded}`,
                json: { [name]: value, deep: [{ note: `it is ${value}.` }], [value]: 1 },
                headers: { 'X-Note': `a ${value} b` },
              },
              {
                url: `/b`,
                body: { type: 'application/x-www-form-urlencoded', text: `a=${encoded}&${encoded}=c` },
                more: { pageref: value },
              },
              { url: `/c`, body: { type: 'text/plain', text: `x ${value} y` } },
              {
                url: `/d`,
                body: {
                  type: 'multipart/form-data; boundary=b',
                  text: `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${value}\r\n--b--`,
                },
              },
            ),
          );
          read(written);
          for (const form of [value, encoded, JSON.stringify(value).slice(1, -1)])
            expect(written).not.toContain(form);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('isSecretName()', () => {
  it.each([
    'password',
    'newPassword',
    'passwd',
    'X-API-Key',
    'apikey',
    'access_token',
    'accessToken',
    'Authorization',
    'client-secret',
    'PHPSESSION_ID',
    'sid',
    'csrfmiddlewaretoken',
    'otp',
  ])('%s is secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });
  it.each([
    '',
    'user',
    'token_type',
    'passwordLength',
    'max_tokens',
    'key',
    'compass',
    'author',
    'session_count',
    'tokenExpiresIn',
    'sidebar',
  ])('%s is not', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('looksSecret()', () => {
  it.each([
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    'ghp_abcdefghijklmnopqrst12',
    'sk_live_0123456789abc',
    'AKIAIOSFODNN7EXAMPLE',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRg==',
  ])('%s does', (value) => {
    expect(looksSecret(value)).toBe(true);
  });
  it.each([
    '',
    'hello world',
    '123e4567-e89b-42d3-a456-426614174000',
    'GetUserProfile',
    '12345678901234567890123456789012345',
    'assets/images/Products/Photo2/large',
    'x'.repeat(5000),
  ])('%s does not', (value) => {
    expect(looksSecret(value)).toBe(false);
  });
  it('finds what a longer text holds', () => {
    expect(secretsWithin('see https://u:pa55word@x.test and Bearer abcdefgh1234')).toEqual([
      'pa55word',
      'abcdefgh1234',
    ]);
    expect(secretsWithin('<password>hunter2</password> token=abcd1234&x')).toEqual(['hunter2', 'abcd1234']);
  });
});
