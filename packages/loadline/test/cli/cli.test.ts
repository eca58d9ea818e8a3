import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../checkout.ts';
import { visit } from './command.ts';
import { runHere, runIn } from './run-here.ts';

describe('words that make no sense', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['an unknown command', ['rnu'], /^CLI_USAGE: .*there is no such command; did you mean run\?/],
    ['a command out of nowhere', ['__proto__'], /^CLI_USAGE: .*known are run, /],
    [
      'an unknown option',
      ['run', 'x.yaml', '--taget', 'x'],
      /^CLI_USAGE: .*there is no option --taget. Did you mean --target\?/,
    ],
    ['an option without its value', ['run', 'x.yaml', '--json'], /^CLI_USAGE: .*--json/],
    ['no file', ['run'], /^CLI_USAGE: .*one scenario file is needed, got 0/],
    ['two files', ['run', 'a.yaml', 'b.yaml'], /^CLI_USAGE: .*one scenario file is needed, got 2/],
    [
      'a file that is not there',
      ['run', 'nowhere.yaml'],
      /^LOAD_FILE_UNREADABLE: Cannot read nowhere\.yaml: there is no such file\./,
    ],
  ])('%s: exit code 2, and a sentence on standard error alone', async (_, args, message) => {
    const { code, out, err } = await runHere(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  it('no word at all prints the help, with exit code 2', async () => {
    const { code, out } = await runHere();
    expect(code).toBe(2);
    expect(out).toContain('run FILE');
  });
});

describe('a target', () => {
  it.each([
    ['http://169.254.169.254/', /^LOAD_TARGET_REFUSED: .*never allowed/],
    ['http://[::ffff:169.254.169.254]/', /^LOAD_TARGET_REFUSED: .*never allowed/],
    ['http://8.8.8.8/', /^LOAD_TARGET_REFUSED: .*--allow-host 8\.8\.8\.8/],
    ['http://134744072/', /^LOAD_TARGET_REFUSED: .*8\.8\.8\.8/],
    ['localhost:80', /^LOAD_OPTIONS_INVALID: /],
  ])('%s is refused before anything is sent', async (target, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'loadline-cli-'));
    const file = join(folder, 'load.yaml');
    await writeFile(file, visit('100ms'));
    const { code, out, err } = await runHere('run', file, '--target', target);
    await rm(folder, { recursive: true });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });
});

describe('the environment', () => {
  it.each(['run', 'find-limit'])('reaches a file that %s reads', async (word) => {
    const folder = await mkdtemp(join(tmpdir(), 'loadline-cli-'));
    const file = join(folder, 'load.yaml');
    await writeFile(file, `target: "http://{{$env.STAGE}}/"\n${visit('100ms')}`);
    const { err } = await runIn({ STAGE: '8.8.8.8' }, word, file);
    await rm(folder, { recursive: true });
    expect(err).toMatch(/^LOAD_TARGET_REFUSED: .*8\.8\.8\.8/);
  });
});

describe('help', () => {
  it.each([
    [['--help']],
    [['-h']],
    [['help']],
    [['run', '--help']],
    [['run', 'x.yaml', '-h']],
    [['demo', '--help']],
    [['serve', '--help']],
    [['proxy', '--help']],
    [['regions', '--help']],
    [['scale', 'simulate', '--help']],
  ])('is what %j prints, with exit code 0, no wider than the screen', async (args) => {
    const { code, out, err } = await runHere(...args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/loadline/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('has what every command does in one column', async () => {
    const { out } = await runHere('--help');
    const columns = [...out.matchAll(/^ {2}[a-z].*? {2,}/gm)].map(([start]) => start.length);
    expect(columns).toHaveLength(out.match(/^ {2}[a-z]/gm)?.length ?? 0);
    expect(new Set(columns).size).toBe(1);
  });
});

describe('docs/reference/cli.md', () => {
  const page = readFileSync(`${root}docs/reference/cli.md`, 'utf8');
  const sections = new Map(
    page.split(/^## loadline /m).map((section) => [section.split('\n')[0] ?? '', section]),
  );

  it.each([
    ['run FILE', 'run'],
    ['compare A B', 'compare'],
    ['find-limit FILE', 'find-limit'],
    ['import har FILE', 'import har'],
    ['import openapi FILE', 'import openapi'],
    ['scale run FILE', 'scale run'],
    ['scale status [GROUP]', 'scale status'],
    ['scale why GROUP', 'scale why'],
    ['scale restart GROUP', 'scale restart'],
    ['scale simulate POLICY…', 'scale simulate'],
    ['scale export POLICY', 'scale export'],
    ['proxy --listen [ADDRESS:]PORT', 'proxy'],
    ['regions FILE', 'regions'],
    ['agent --join URL', 'agent'],
    ['demo', 'demo'],
  ])('has the options of %s, as its help has, and no others', async (title, words) => {
    const command = words.split(' ');
    const known = optionsIn((await runHere(...command, '--there-is-no-such-word')).err);
    known.delete('--there-is-no-such-word');
    const { out: help } = await runHere(...command, '--help');
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(known.size).toBeGreaterThan(2);
    expect([...known].filter((option) => !optionsIn(help).has(option))).toEqual([]);
    // What a table or a list says of another command's options stands without a value.
    const told = optionsIn(
      (sections.get(title) ?? '').match(/(?:^\| |Options: |, |,\n)`--[^`]+`/gm)?.join() ?? '',
    );
    expect(told).toEqual(known);
  });

  it('has every command', async () => {
    const names = (await runHere('--help')).out.match(/^ {2}[a-z-]+/gm) ?? [];
    for (const name of names) expect(page).toContain(`## loadline ${name.trim()}`);
  });
});

function optionsIn(text: string): Set<string> {
  return new Set(text.match(/--[a-z][a-z0-9-]*/g));
}
