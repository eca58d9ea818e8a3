import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNotStarted } from 'loadline/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadline-programs-'));
  writeFileSync(join(folder, 'notes.txt'), 'no program', { mode: 0o644 });
  writeFileSync(join(folder, 'script'), '#!/nowhere/interpreter\n', { mode: 0o755 });
  mkdirSync(join(folder, 'bin'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said of a program that the system did not start. */
async function explain(command: string, cwd = folder): Promise<string> {
  const [error] = await once(spawn(command, { cwd, env: { PATH: folder } }), 'error').catch(
    (cause: unknown) => [cause],
  );
  const said = whyNotStarted(error as Error, { command, folder: cwd });
  return said.replaceAll(folder, 'HERE');
}

describe('a program that could not be started', () => {
  it.each([
    ['nod', 'there is no program "nod" in PATH: correct the command, or install it'],
    ['./server', 'there is no file HERE/server: correct the command'],
    ['./notes.txt', 'this user may not run HERE/notes.txt: make it a program by chmod +x'],
    ['notes.txt', 'this user may not run the notes.txt that is in PATH: make it a program by chmod +x'],
    ['./bin', 'this user may not run HERE/bin: make it a program by chmod +x'],
    ['./script', 'HERE/script is there, and what its first line names to run it is not'],
  ])('is told by what is wrong with it: %s', async (command, said) => {
    expect(await explain(command)).toBe(said);
  });

  it('is not blamed for its folder', async () => {
    expect(await explain('/bin/sh', join(folder, 'src'))).toBe(
      'HERE/src, where it is to be started, is no folder that this user may enter: make it, or name another',
    );
  });

  it('is told in the words of the system where the reason is another', () => {
    expect(whyNotStarted({ code: 'EAGAIN', message: 'spawn sh EAGAIN' }, { command: 'sh' })).toBe(
      'spawn sh EAGAIN',
    );
  });
});
