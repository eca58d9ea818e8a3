import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { runCli, type Terminal } from 'loadline/cli';
import { describe, expect, it } from 'vitest';

const good = { LOADLINE_AGENT_TOKEN: 'four score and seven years' };

/** Runs the command within this process, and gives its exit code and what it says of errors. */
async function refusalOf(args: readonly string[], env: Readonly<Record<string, string>> = good) {
  let err = '';
  const terminal: Terminal = {
    out: (text) => expect.unreachable(`it printed ${text}`),
    err: (text) => {
      err += text;
    },
    isInteractive: false,
    width: 80,
    style: (_, text) => text,
  };
  const code = await runCli(args, { terminal, env, signal: new AbortController().signal });
  return { code, err };
}

describe('the words of loadline agent and of loadline run with agents', () => {
  it.each([
    [['agent'], /--join must be an address like tls:\/\/10\.0\.0\.5:7077/],
    [['agent', '--join', 'http://10.0.0.5'], /--join must be an address .*, got "http:\/\/10\.0\.0\.5"/],
    [['agent', '--join', 'tls://10.0.0.5'], /--join must be an address/],
    [['agent', '--join', 'tls://user:secret@10.0.0.5:7077'], /, got "tls:\/\/…@10\.0\.0\.5:7077"/],
    [['agent', '--join', 'tls://10.0.0.5:7077', '--workers', '0'], /--workers must be auto or a number/],
    [['agent', '--join', 'tls://10.0.0.5:7077', '--name', ''], /--name must be/],
    [['agent', '--join', 'tls://10.0.0.5:7077', 'more'], /it takes no more/],
    [['run', 'load.yaml', '--agents', '2'], /--listen must be the address where agents join/],
    [
      ['run', 'load.yaml', '--listen', '0.0.0.0:7077'],
      /--agents must be a number from 1 to 1000, got nothing/,
    ],
    [['run', 'load.yaml', '--agents', 'two', '--listen', '0.0.0.0:7077'], /--agents must be a number/],
    [['run', 'load.yaml', '--agents', '2', '--listen', '7077'], /--listen must be the address/],
    [['run', 'load.yaml', '--agents', '2', '--listen', '[::1]:99999'], /--listen must be the address/],
  ])('%j are refused with a sentence that says what would be right', async (args, problem) => {
    const { code, err } = await refusalOf(args);
    expect(code).toBe(2);
    expect(err).toMatch(/^CLI_USAGE: Cannot /);
    expect(err).toMatch(problem);
    expect(err).not.toContain('secret');
  });
});

describe('the token', () => {
  const join = ['agent', '--join', 'tls://10.0.0.5:7077'];
  const run = ['run', 'load.yaml', '--agents', '2', '--listen', '127.0.0.1:0'];

  it.each([
    ['is missing', {}, /the token of LOADLINE_AGENT_TOKEN: it is empty or not set/],
    ['can be guessed', { LOADLINE_AGENT_TOKEN: 'hunter2' }, /it has 7 characters, and needs 16/],
  ])('is refused where it %s, and shown to nobody', async (_, env, problem) => {
    for (const args of [join, run]) {
      const { code, err } = await refusalOf(args, env);
      expect(code).toBe(2);
      expect(err).toMatch(problem);
      expect(err).toContain('openssl rand -hex 32');
      expect(err).not.toContain('hunter2');
    }
  });

  it('is taken from a file where one is named', async () => {
    const folder = await mkdtemp(`${tmpdir()}/loadline-token-`);
    const file = `${folder}/token`;
    await writeFile(file, 'short\n');
    expect((await refusalOf([...join, '--token-file', file])).err).toContain('it has 5 characters');
    await rm(folder, { recursive: true });
    expect((await refusalOf([...join, '--token-file', file])).err).toMatch(
      /Cannot read the token from .*: there is no such file\./,
    );
  });

  it('is no option, where every user of the machine could read it', async () => {
    expect((await refusalOf([...join, '--token', 'x'])).err).toContain('there is no option --token');
  });
});
