import { readFileSync } from 'node:fs';
import { runCli, type Terminal } from 'loadline/cli';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../checkout.ts';

describe.each(['github-actions.yml', 'gitlab-ci.yml'])('deploy/ci/%s', (name) => {
  const pipeline: unknown = parse(readFileSync(`${root}deploy/ci/${name}`, 'utf8'));

  it('runs a test and compares it with another run', () => {
    expect(commandsOf(pipeline).map(([word]) => word)).toEqual(['run', 'compare']);
  });

  it('uses only words that the command knows', async () => {
    for (const args of commandsOf(pipeline)) {
      const said = await whatIsSaidTo(args);
      // The words are read first, and these files are not there.
      expect(said, args.join(' ')).not.toContain('CLI_USAGE');
      expect(said).toContain(args[1]);
    }
  });
});

describe('commandsOf()', () => {
  it('joins lines, and ends where the shell takes over', () => {
    const steps = [
      { run: 'cd x\nnpx loadline run a.yaml \\\n  --quiet > out.txt || code=$?\n' },
      'echo loadline',
    ];
    expect(commandsOf(steps)).toEqual([['run', 'a.yaml', '--quiet']]);
  });
});

/** The words after `npx loadline` of every such command in the texts of a pipeline. */
function commandsOf(value: unknown): string[][] {
  if (typeof value === 'string') {
    const lines = value.replace(/\\\n/g, ' ').split('\n');
    return lines.flatMap((line) => {
      const [, words] = /\bnpx loadline ([^>|;&]+)/.exec(line) ?? [];
      return words === undefined ? [] : [words.trim().split(/\s+/)];
    });
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(commandsOf);
}

async function whatIsSaidTo(args: readonly string[]): Promise<string> {
  let said = '';
  const say = (text: string): void => {
    said += text;
  };
  const terminal: Terminal = {
    out: say,
    err: say,
    isInteractive: false,
    width: 80,
    style: (_, text) => text,
  };
  await runCli(args, { terminal, env: {}, signal: new AbortController().signal });
  return said;
}
