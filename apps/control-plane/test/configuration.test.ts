import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLoadlineError } from 'loadline/base';
import { afterAll, describe, expect, it } from 'vitest';
import { cert, key } from '../../../packages/loadline/test/load/transports/certificate.ts';
import { readConfiguration, type ServeWords } from '../src/configuration.ts';

function problemsOf(words: ServeWords, env: Record<string, string> = {}): string {
  try {
    readConfiguration(words, env);
    return '';
  } catch (error) {
    if (!isLoadlineError(error, 'CONTROL_PLANE_START_REFUSED')) throw error;
    return error.message;
  }
}

describe('readConfiguration()', () => {
  it('listens on this machine alone, and lets tests load nothing, where nothing was asked for', () => {
    expect(readConfiguration({}, {})).toMatchObject({
      host: '127.0.0.1',
      port: 7070,
      home: '.loadline',
      isLoopback: true,
      tls: undefined,
      targets: { allowLoopback: false, allowPrivate: false, allowHosts: [] },
    });
  });

  it('runs one test at once, or as many as were asked for', () => {
    expect(readConfiguration({}, {}).limits.runningMax).toBe(1);
    expect(readConfiguration({ 'tests-at-once': '3' }, {}).limits.runningMax).toBe(3);
    for (const word of ['0', '21', '1.5', '-1', 'many', ''])
      expect(problemsOf({ 'tests-at-once': word })).toContain('tests-at-once must be a number from 1 to 20');
  });

  it('tells everything that does not fit at once', () => {
    const told = problemsOf({
      host: '10.0.0.1',
      port: '70000',
      'tls-key': '/nowhere',
      'metrics-from': ['me'],
    });
    for (const part of [
      '--port must be a number from 0 to 65535, got "70000"',
      '--tls-cert is missing',
      '--tls-key cannot be read: there is no file /nowhere',
      '--metrics-from[0]',
    ])
      expect(told).toContain(part);
  });

  it('names an option as it is typed and a variable as it is called, and a file with what is wrong in it', () => {
    const told = problemsOf({ rules: '/nowhere/alerts.yaml' }, { LOADLINE_ADMIN_KEY: 'short' });
    expect(told).toMatch(/^ {2}LOADLINE_ADMIN_KEY must have 32/m);
    expect(told).toMatch(/^ {2}--rules \/nowhere\/alerts.yaml: there is no such file$/m);
  });

  it.each([
    ['shop.example.org', 'shop.example.org'],
    ['Shop.Example.org.', 'shop.example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['10.0.0.7', '10.0.0.7'],
    ['::1', '::1'],
  ])('marks %s as production under the name that an address has', (word, host) => {
    expect(readConfiguration({ production: [word] }, {}).productionHosts).toEqual([host]);
  });

  it.each([['https://shop.example.org'], ['shop.example.org:443'], ['shop.example.org/'], [''], ['a b']])(
    'refuses %j as production, which would mark nothing',
    (word) => expect(problemsOf({ production: [word] })).toContain('production[0] must be a host alone'),
  );

  it.each([['http://127.0.0.1:8123'], ['10.0.0.0/8'], ['shop:8080']])(
    'refuses %j as what tests may load or who may register, which would allow nothing',
    (word) => {
      const told = problemsOf({ 'allow-target': ['loopback', word], 'allow-watch': [word] });
      expect(told).toContain('allow-target[1] must be loopback, private, or a host alone');
      expect(told).toContain('allow-watch[0] must be loopback, private, or a host alone');
    },
  );

  it.each([['127.0.0.1'], ['localhost'], ['::1'], ['127.8.8.8']])('takes %s for this machine', (host) => {
    expect(problemsOf({ host })).toBe('');
  });

  it.each([['0.0.0.0'], ['::'], ['10.0.0.1'], ['example.org']])('takes %s for beyond it', (host) => {
    expect(problemsOf({ host })).toContain('TLS');
    expect(problemsOf({ host, 'behind-proxy': true })).toBe('');
  });

  describe('of a certificate and its key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'loadline-pem-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const another = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const locked = { cipher: 'aes-128-cbc', passphrase: 'open sesame' };
    const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', ...locked });

    it.each([
      ['its own key', cert, key, []],
      ['another key', cert, another, ['tls-cert is of another key than --tls-key']],
      ['an encrypted key', cert, encrypted, ['tls-key is encrypted']],
      ['a key that is none', cert, 'key', ['tls-key holds no private key as PEM']],
      ['a certificate that is none', 'cert', key, ['tls-cert holds no certificate as PEM']],
      [
        'the two swapped',
        key,
        cert,
        [
          'tls-cert holds no certificate as PEM; a private key is in it, which is --tls-key',
          'tls-key holds no private key as PEM; a certificate is in it, which is --tls-cert',
        ],
      ],
    ])(
      'tells what is wrong with %s in its own file, and shows nothing of it',
      (_, certPem, keyPem, wanted) => {
        const paths = { 'tls-cert': join(folder, 'cert.pem'), 'tls-key': join(folder, 'key.pem') };
        writeFileSync(paths['tls-cert'], certPem);
        writeFileSync(paths['tls-key'], keyPem);
        const told = problemsOf(paths).split('\n').slice(1);
        expect(told).toEqual(wanted.map((each) => expect.stringContaining(each)));
        expect(told.join('')).not.toContain('-----');
      },
    );
  });

  it('takes an admin key that cannot be guessed, and shows none', () => {
    expect(problemsOf({}, { LOADLINE_ADMIN_KEY: 'short-and-secret' })).not.toContain('secret');
    expect(readConfiguration({}, { LOADLINE_ADMIN_KEY: 'x'.repeat(32) }).adminKey).toHaveLength(32);
  });
});
