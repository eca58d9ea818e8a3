import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { IncomingFiles } from '../../../src/load/agents/incoming-files.ts';
import type { ErrandFile } from '../../../src/load/agents/messages.ts';

const announced = (path: string, content: string): ErrandFile => ({
  path,
  bytes: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('incoming files', () => {
  it('are put together from their pieces, and are gone afterwards', async () => {
    const files = new IncomingFiles([
      announced('a.txt', ''),
      announced('x/b.txt', 'hello'),
      announced('c.txt', 'c'),
    ]);
    const folder = dirname(dirname(files.pathOf('a.txt')));
    files.write(1, bytes('hel'));
    files.write(1, bytes('lo'));
    expect(files.isComplete).toBe(false);
    files.write(2, bytes('c'));
    expect(files.isComplete).toBe(true);
    expect(['a.txt', 'x/b.txt', 'c.txt'].map((file) => readFileSync(files.pathOf(file), 'utf8'))).toEqual([
      '',
      'hello',
      'c',
    ]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await files[Symbol.asyncDispose]();
    expect(existsSync(folder)).toBe(false);
  });

  it('may import loadline', async () => {
    const script = `import { defineScenario } from 'loadline/load';\nexport default defineScenario;`;
    await using files = new IncomingFiles([announced('s.ts', script)]);
    files.write(0, bytes(script));
    const imported = await import(/* @vite-ignore */ pathToFileURL(files.pathOf('s.ts')).href);
    expect(typeof imported.default).toBe('function');
  });

  it('that are not what was announced are refused', async () => {
    await using files = new IncomingFiles([announced('a.txt', 'hello')]);
    expect(() => files.write(0, bytes('hellO'))).toThrow('a.txt has changed while it was sent');
  });

  it.each([
    ['longer than announced', 0, 'hello!'],
    ['of another file', 1, 'c'],
    ['of no file', 7, 'c'],
  ])('take no piece that is %s', async (_, file, text) => {
    await using files = new IncomingFiles([announced('a.txt', 'hello'), announced('b.txt', 'b')]);
    expect(() => files.write(file, bytes(text))).toThrow(/a piece of file \d that does not belong there/);
  });
});
