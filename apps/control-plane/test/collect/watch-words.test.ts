import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPath, parse } from 'loadline/base';
import { afterAll, describe, expect, it } from 'vitest';
import { readWatch, type WatchConfiguration } from '../../src/collect/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'loadline-words-'));
const token = join(folder, 'token');
writeFileSync(token, 'secret');
afterAll(() => rmSync(folder, { recursive: true }));

/** In a pod, unless it is said otherwise. */
const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

function read(words: object): WatchConfiguration {
  const parsed = parse(words, readWatch);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.value;
}

function problemsOf(words: object): string {
  const parsed = parse(words, readWatch);
  return parsed.ok
    ? ''
    : parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`).join('\n');
}

describe('--watch', () => {
  it('takes addresses, and names with SRV records', () => {
    const { services } = read({
      watch: ['shop=http://shop:8080', 'bread=https+srv://_http._tcp.bread.svc/custom'],
    });
    expect(services).toEqual([
      { service: 'shop', url: new URL('http://shop:8080/metrics') },
      { service: 'bread', url: new URL('https://_http._tcp.bread.svc/custom'), isSrv: true },
    ]);
  });

  it.each([
    'shop=ftp://shop',
    'shop=http+srv://_http._tcp.shop:8080',
    'shop=http+srv://10.0.0.1',
    'http://shop',
  ])('refuses %s', (word) => {
    expect(problemsOf({ watch: [word] })).toContain('watch[0] must be a name and an address');
  });
});

describe('--watch-kubernetes', () => {
  it('takes a selector as kubectl does, and how the pods are reached', () => {
    const { kubernetes } = read({
      ...pod,
      'watch-kubernetes': [
        'shop=app.kubernetes.io/name=shop,tier in (web, api)',
        'till=app=till; port=admin; path=/m; namespace=tills; scheme=https',
        'bread=bakes;port=9000;',
      ],
    });
    expect(kubernetes?.services).toEqual([
      { service: 'shop', selector: 'app.kubernetes.io/name=shop,tier in (web, api)', scheme: 'http' },
      {
        ...{ service: 'till', selector: 'app=till', port: 'admin', path: '/m', namespace: 'tills' },
        scheme: 'https',
      },
      { service: 'bread', selector: 'bakes', port: 9000, scheme: 'http' },
    ]);
    expect(kubernetes?.access).toMatchObject({
      url: new URL('https://10.96.0.1'),
      tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    });
  });

  it('asks nobody where nothing is to be watched, though it is a pod', () => {
    expect(read(pod).kubernetes).toBeUndefined();
  });

  it.each([
    ['app', 'must be a name and a selector'],
    ['=app=shop', 'must be a name and a selector'],
    ['shop=', 'selects every pod there is'],
    ['shop=app=a b', 'not understood'],
    ['shop=app=shop;port=70000', 'port that must be a number from 1 to 65535'],
    ['shop=app=shop;path=metrics', 'path that must be'],
    ['shop=app=shop;namespace=../other', 'namespace that must be'],
    ['shop=app=shop;scheme=ftp', 'scheme that must be http or https'],
    ['shop=app=shop;ports=1', 'after the selector there may be port, path, namespace, scheme'],
    ['shop=app=shop;constructor=1', 'after the selector there may be'],
  ])('refuses %s', (word, problem) => {
    expect(problemsOf({ ...pod, 'watch-kubernetes': [word] })).toContain(`watch-kubernetes[0] `);
    expect(problemsOf({ ...pod, 'watch-kubernetes': [word] })).toContain(problem);
  });

  it('tells every mistake at once', () => {
    const told = problemsOf({
      'watch-kubernetes': ['shop=app=a b;port=0'],
      'kubernetes-token-file': join(folder, 'nowhere'),
      'kubernetes-api': 'http://10.0.0.1',
    });
    for (const part of [
      'not understood',
      'port that must be',
      'cannot be read: ENOENT',
      'kubernetes-api must',
    ])
      expect(told).toContain(part);
  });

  it('reaches a server elsewhere, in plain text on this machine alone', () => {
    const words = { 'watch-kubernetes': ['shop=app=shop'], 'kubernetes-token-file': token };
    expect(problemsOf(words)).toContain('is of use beside --kubernetes-api alone');
    expect(problemsOf({ 'watch-kubernetes': ['shop=app=shop'] })).toContain('needs --kubernetes-api');
    expect(read({ ...words, 'kubernetes-api': 'https://10.0.0.1:6443' }).kubernetes?.access).toEqual({
      url: new URL('https://10.0.0.1:6443'),
      tokenFile: token,
      namespace: 'default',
    });
    expect(problemsOf({ ...words, 'kubernetes-api': 'http://127.0.0.1:8001' })).toBe('');
    expect(problemsOf({ ...words, 'kubernetes-api': 'http://10.0.0.1:8001' })).toContain(
      'http:// on this machine',
    );
  });
});
