import { describe, expect, it } from 'vitest';
import { type Errand, readErrand, readHello } from '../../../src/load/agents/messages.ts';

const errand: Errand = {
  scenario: 'load.yaml',
  files: [
    { path: 'load.yaml', bytes: 10, sha256: 'a' },
    { path: 'data/people.csv', bytes: 0, sha256: 'b' },
  ],
  choice: { rate: '50/s' },
  env: { TOKEN: 'secret', EMPTY: '' },
  allowHosts: ['stage.example.org'],
  protocol: { protocol: 'h2', allowsUntrusted: true, ca: 'PEM' },
};

function problems(value: unknown): string[] {
  const parsed = readErrand(value);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path.join('.')} ${message}`);
}

describe('an errand', () => {
  it('is read as it was written', () => {
    expect(readErrand(errand)).toEqual({ ok: true, value: errand });
  });

  it.each([
    '../outside',
    'data/../../outside',
    '/etc/passwd',
    'C:\\outside',
    'C:outside',
    '..\\outside',
    './load.yaml',
    'data//x',
    '',
    '.',
    'a\0b',
  ])('never leads out of its folder: %j', (path) => {
    const files = [...errand.files, { path, bytes: 1, sha256: 'c' }];
    expect(problems({ ...errand, files })).toContainEqual(expect.stringMatching(/^files\.2\.path must /));
  });

  it.each([
    [
      'has files of more than 4294967296 bytes',
      { files: [{ path: 'load.yaml', bytes: 2 ** 33, sha256: '' }] },
    ],
    ['names a file twice', { files: [errand.files[0], errand.files[0]] }],
    ['has no scenario file', { scenario: 'other.yaml' }],
    ['must be a list', { files: 'load.yaml' }],
    ['must be a text', { env: { TOKEN: 5 } }],
    ['is not known', { choice: { env: 'x' } }],
  ])('is refused where it %s', (problem, wrong) => {
    expect(problems({ ...errand, ...wrong }).join('\n')).toContain(problem);
  });

  it.each([undefined, null, 5, [], { kind: 'errand' }])('is refused where it is %j', (value) => {
    expect(problems(value).length).toBeGreaterThan(0);
  });
});

describe('a first message', () => {
  it.each([
    [{ kind: 'hello', version: '1.0.0', name: 'hall-3' }, true],
    [{ kind: 'hello', version: '1.0.0', name: 'hall\n3' }, false],
    [{ kind: 'hello', version: '1.0.0', name: 'x'.repeat(65) }, false],
    [{ kind: 'hello', version: '1.0.0' }, false],
    [{ kind: 'from', worker: 0 }, false],
    ['hello', false],
  ])('%j is a greeting: %s', (message, isGreeting) => {
    expect(readHello(message).ok).toBe(isGreeting);
  });
});
