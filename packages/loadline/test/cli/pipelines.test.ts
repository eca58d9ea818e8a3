import { readFileSync } from 'node:fs';
import { runCli, type Terminal } from 'loadline/cli';
import { renderMarkdown } from 'loadline/load/output';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../checkout.ts';
import { reportWith } from './reports.ts';

describe.each(['github-actions.yml', 'gitlab-ci.yml'])('deploy/ci/%s', (name) => {
  const pipeline: unknown = parse(readFileSync(`${root}deploy/ci/${name}`, 'utf8'));

  it('runs a test and compares it with another run', () => {
    expect(commandsOf(pipeline).map(([word]) => word)).toEqual(['run', 'compare']);
  });

  it('uses only words that the command knows', async () => {
    for (const args of commandsOf(pipeline)) {
      const said = await whatIsSaidTo(args);
      // The words are read first, and of the files that they name one cannot be read or written here.
      expect(said, args.join(' ')).not.toContain('CLI_USAGE');
      expect(args.slice(1).filter((word) => said.includes(word))).not.toEqual([]);
    }
  });
});

describe('a GitHub workflow', () => {
  const { jobs } = parse(readFileSync(`${root}deploy/ci/github-actions.yml`, 'utf8')) as {
    jobs: { 'load-test': { steps: Step[] } };
  };
  const stepWith = (word: string): Step =>
    jobs['load-test'].steps.find((step) => JSON.stringify(step).includes(word)) ?? {};

  it('compares only with runs of this version and this load, or no change of either would ever pass', () => {
    expect(stepWith('--version')).toMatchObject({
      id: 'baseline',
      run: expect.stringMatching(/npx loadline --version.*hashFiles\('load\/\*\*'/),
    });
    const key = `\${{ steps.baseline.outputs.key }}-`;
    for (const action of ['cache/restore', 'cache/save'])
      expect(stepWith(action).with?.key).toBe(`${key}\${{ github.run_id }}`);
    expect(stepWith('cache/restore').with?.['restore-keys']).toBe(key);
  });

  it('takes a run that met its thresholds for the measure, also where it is slower than those before', () => {
    const { id } = stepWith('npx loadline run');
    for (const word of ['cp results/report.json', 'cache/save']) {
      expect(stepWith(word).if).toContain(`steps.${id}.outcome == 'success'`);
      expect(stepWith(word).if).not.toContain('success()');
    }
  });

  it('replaces its own comment, and nobody else’s', () => {
    const [mark] = renderMarkdown(reportWith()).split('\n');
    expect(stepWith('gh pr comment').run).toContain(`startswith("${mark}")`);
  });
});

describe('a GitLab pipeline', () => {
  const { 'load-test': check, 'load-test-baseline': keep } = parse(
    readFileSync(`${root}deploy/ci/gitlab-ci.yml`, 'utf8'),
    { merge: true },
  );

  it('compares only with runs of this version and this load, and keeps also those that became slower', () => {
    for (const { cache } of [check, keep])
      expect(cache.key).toEqual({ files: ['load/peak.yaml', '.gitlab-ci.yml'], prefix: 'loadline-baseline' });
    expect(keep.cache.when).toBe('always');
    expect(keep.after_script.join()).toMatch(/npx loadline --version.*if \[ -e results\/passed \]/);
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

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}

/** The words after `npx loadline` of every such command in the texts of a pipeline, but for `--version`. */
function commandsOf(value: unknown): string[][] {
  if (typeof value === 'string') {
    const lines = value.replace(/\\\n/g, ' ').split('\n');
    return lines.flatMap((line) => {
      const [, words] = /\bnpx loadline (?!--version)([^>|;&]+)/.exec(line) ?? [];
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
