import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const setUp = join(root, 'tools/set-up.js');

describe('set-up', () => {
  let commands: string;

  beforeEach(() => {
    commands = mkdtempSync(join(tmpdir(), 'loadline-path-'));
    symlinkSync(process.execPath, join(commands, 'node'));
  });
  afterEach(() => rmSync(commands, { recursive: true }));

  it('says nothing and ends well where all is in place', () => {
    put('valkey-server', 'exit 0');
    expect(run('demo')).toEqual({ status: 0, text: '' });
  });

  it('is told by npm itself what npm has installed, so that it does not install that once more', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(scripts.postinstall).toBe('node tools/set-up.js installed');
    expect(run('installed')).toEqual({ status: 0, text: '' });
    const lock = readFileSync(join(root, 'package-lock.json'));
    const mark = readFileSync(join(root, 'node_modules', '.loadline-set-up'), 'utf8');
    expect(mark).toBe(createHash('sha256').update(lock).digest('hex'));
  });

  it('says what to install, and how, where there is no Valkey and no package manager', () => {
    const { status, text } = run('demo');
    expect(status).toBe(1);
    expect(text).toContain('Valkey or Redis is missing');
    expect(text).toContain('sudo apt-get install -y --no-install-recommends redis-server');
    expect(text).toContain('brew install valkey');
  });

  it('says what to install where the package manager fails', () => {
    put('apt-get', 'echo "E: are you root?" >&2; exit 100');
    const { status, text } = run('demo');
    expect(status).toBe(1);
    expect(text).toContain('E: are you root?');
    expect(text).toContain('apt-get could not install it, or this user may not');
  });

  it('installs what is missing, after fetching package lists where there are none', () => {
    const server = join(commands, 'redis-server');
    const lists = join(commands, 'lists');
    put(
      'apt-get',
      `case "$1" in
         update) : > ${lists} ;;
         install) [ -e ${lists} ] || exit 100; echo 'exit 0' > ${server} ;;
       esac`,
    );
    const { status, text } = run('demo');
    expect(text).toContain('set-up: Valkey or Redis (redis-server, by apt-get) …');
    expect(status).toBe(0);
  });

  it('also wants promtool for the tests', () => {
    put('redis-server', 'exit 0');
    expect(run('test').text).toContain('promtool');
  });

  it('refuses a purpose that it does not know', () => {
    expect(run('lunch')).toMatchObject({
      status: 1,
      text: expect.stringContaining('known are demo, test, bench'),
    });
  });

  function put(name: string, script: string): void {
    writeFileSync(join(commands, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(commands, name), 0o755);
  }

  /** With nothing on the PATH but what was put there. */
  function run(purpose: string): { status: number | null; text: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [setUp, purpose], {
      env: { PATH: commands },
      encoding: 'utf8',
    });
    return { status, text: stdout + stderr };
  }
});
