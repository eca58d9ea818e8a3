import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters, styleText } from 'node:util';
import { runCli, type Style, type Terminal } from 'loadline/cli';
import { type Comparison, compareRuns, type ReportedRun } from 'loadline/load/compare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawComparison } from '../../src/cli/screen/comparison.ts';
import { comparisonMarkdown } from '../../src/cli/screen/comparison-markdown.ts';
import { writeReport } from '../load/compare/report-file.ts';
import { simulateRun } from '../load/compare/runs.ts';

const plain: Style = (_, text) => text;
const colored: Style = (format, text) => styleText(format, text, { validateStream: false });

const runsOf = (name: string, searchMs = 20, searchName = 'search'): ReportedRun[] =>
  [0, 1, 2, 3, 4].map((at) =>
    simulateRun({
      seed: `${name} ${at}`,
      betweenRuns: 0.005,
      withinRun: 0.005,
      startedAt: Date.UTC(2026, 0, 1, 0, at),
      endpoints: {
        list: { medianMs: 8, perSecond: 60 },
        [searchName]: { medianMs: searchMs, perSecond: 40 },
      },
    }),
  );

const builds: Readonly<Record<string, readonly ReportedRun[]>> = {
  before: runsOf('before'),
  slower: runsOf('slower', 26),
  again: runsOf('again'),
  invalid: runsOf('invalid').map((run) => ({
    ...run,
    verdict: { status: 'invalid', reasons: ['The generator was the bottleneck.'] },
  })),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-compare-'));
  for (const [name, runs] of Object.entries(builds)) {
    await mkdir(join(folder, name));
    await Promise.all(runs.map((run, at) => writeReport(join(folder, name, `${at}.json`), run)));
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command within this process, on a terminal of paper. */
async function compare(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isInteractive: false,
    width: 120,
    style: plain,
  };
  const paths = args.map((arg) => (arg in builds ? join(folder, arg) : arg.replace('FOLDER', folder)));
  const code = await runCli(['compare', ...paths], {
    terminal,
    env: {},
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

describe('loadline compare', () => {
  it('exits with 99 and names what is worse, first', async () => {
    const { code, out, err } = await compare('before', 'slower');
    expect([code, err]).toEqual([99, '']);
    expect(out).toMatch(/✗ worse: search \(.* \+\d+ % and \d+ more\)/);
    expect(out.split('\n').find((line) => /^ {2}[✗?✓=] \w+ {2,}/.test(line))).toMatch(/✗ search/);
  });

  it('exits with 0 where nothing is worse, and with 97 only where that was asked', async () => {
    expect((await compare('slower', 'before')).code).toBe(0);
    expect((await compare('before', 'again')).code).toBe(0);
    const { code, out } = await compare('before', 'again', '--fail-inconclusive', '--margin', '0.5%');
    expect([code, out]).toEqual([
      97,
      expect.stringMatching(/\? inconclusive: \d+ of \d+ figures need more runs/),
    ]);
  });

  it('exits with 98 and shows no figure where a run is invalid', async () => {
    const { code, out } = await compare('before', 'invalid');
    expect(code).toBe(98);
    expect(out).toMatch(/! invalid: 5 runs say nothing about the target/);
    expect(out).toMatch(/in B, \S*invalid\S+\.json, is\s+invalid: The generator was the\s+bottleneck\./);
    expect(out).not.toMatch(/latency p95/);
  });

  it('takes the margin that is named', async () => {
    expect((await compare('before', 'slower', '--margin', '50%')).code).toBe(0);
  });

  it('prints JSON, and nothing else', async () => {
    const { code, out } = await compare('before', 'slower', '--json', '--error-margin', '1%');
    const comparison = JSON.parse(out) as Comparison;
    expect([code, comparison.schema, comparison.verdict]).toEqual([99, 'loadline.comparison/1', 'worse']);
    expect([comparison.margin, comparison.errorMargin]).toEqual([0.05, 0.01]);
  });

  it('writes Markdown for a pull request, beside the table', async () => {
    const { out, err } = await compare('before', 'slower', '--markdown', 'FOLDER/comment.md');
    expect(err).toMatch(/^The comparison is in \S+comment\.md\.\n$/);
    const text = await readFile(join(folder, 'comment.md'), 'utf8');
    expect(text).toMatch(/^### ❌ worse: search/);
    expect(text).toMatch(/\| ❌ \| search \| latency mean \| 2\d(\.\d)? ms \|/);
    expect(out).toContain('✗ worse');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['one place', ['before'], /two places are needed.*got 1/],
    ['three places', ['before', 'again', 'slower'], /two places are needed.*got 3/],
    ['a place with nothing', ['before', 'nowhere'], /^LOAD_REPORT_UNREADABLE: .*no such file or folder/],
    [
      'a margin without its sign',
      ['before', 'again', '--margin', '5'],
      /--margin must be between 0% and 100%, like 5%, got "5"/,
    ],
    ['a margin of nothing', ['before', 'again', '--error-margin', '0%'], /--error-margin must be/],
    ['an unknown option', ['before', 'again', '--margn', '5%'], /Did you mean --margin\?/],
    [
      'a result that cannot be written, before any report is read',
      ['before', 'nowhere', '--markdown', 'FOLDER/no/where.md'],
      /^CLI_OUTPUT_UNWRITABLE: .*where\.md: there is no folder /,
    ],
  ])('exits with 2 and a sentence for %s', async (_, args, message) => {
    const { code, err } = await compare(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

const evil = '\u001b[2J\r\n✓ better <img src=x> | [a](b) @all `x` **y**';
const comparisons: Readonly<Record<string, Comparison>> = {
  worse: compareRuns(builds.before ?? [], builds.slower ?? []),
  inconclusive: compareRuns(builds.before ?? [], builds.again ?? [], { margin: 0.001 }),
  single: compareRuns((builds.before ?? []).slice(0, 1), (builds.again ?? []).slice(0, 1)),
  same: compareRuns(builds.before ?? [], builds.again ?? [], { margin: 0.9, errorMargin: 0.9 }),
  invalid: compareRuns(builds.before ?? [], builds.invalid ?? []),
  'names that go on': compareRuns(
    runsOf('a', 20, 'a-very-long-name-'.repeat(9)),
    runsOf('b', 30, 'a-very-long-name-'.repeat(9)),
  ),
  'names that mean harm': compareRuns(runsOf('a', 20, evil), runsOf('b', 30, evil)),
};

describe('a comparison on the screen', () => {
  const cases = Object.keys(comparisons).flatMap((name) =>
    [120, 80, 50, 40].map((width) => [name, width] as const),
  );

  it.each(cases)('that is "%s" fits %d columns, in colors too', (name, width) => {
    const view = { width, all: true };
    const draw = (style: Style): string =>
      drawComparison(comparisons[name] as Comparison, { ...view, style });
    for (const line of draw(plain).split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(stripVTControlCharacters(draw(colored))).toBe(draw(plain));
  });

  it('keeps endpoint, metric and change where there is little room', () => {
    const text = drawComparison(comparisons.worse as Comparison, { width: 50, style: plain, all: false });
    expect(text).toMatch(/✗ search {2,}latency mean {2,}\+\d+ %/);
  });

  it('shows the whole also where all is the same, and counts the rest', () => {
    const text = drawComparison(comparisons.same as Comparison, { width: 120, style: plain, all: false });
    expect(text).toMatch(/= same: no change beyond 90 %/);
    expect(text).toMatch(/= total +latency p95 /);
    expect(text).toMatch(/and 16 more that are the same \(--all shows them\)/);
  });

  it('shows the largest of many changes that nobody can tell, and counts the rest', () => {
    const many = comparisons.single as Comparison;
    const effects = many.effects.flatMap((effect) =>
      Array.from({ length: 5 }, (_, n) => ({
        ...effect,
        verdict: 'inconclusive' as const,
        endpoint: `e${n}`,
      })),
    );
    const draw = (all: boolean): string =>
      drawComparison({ ...many, effects }, { width: 120, style: plain, all });
    const shown = (text: string): number => text.match(/^ {2}\? e\d /gm)?.length ?? 0;
    expect([shown(draw(false)), shown(draw(true))]).toEqual([10, effects.length]);
    expect(draw(false)).toContain(`and ${effects.length - 10} more that are inconclusive (--all shows them)`);
  });

  it('says how many runs would tell', () => {
    const text = drawComparison(comparisons.inconclusive as Comparison, {
      width: 140,
      style: plain,
      all: false,
    });
    expect(text).toMatch(/inconclusive +[\d,]+\+? runs/);
  });

  it('lets no name steer the terminal or begin a line', () => {
    const text = drawComparison(comparisons['names that mean harm'] as Comparison, {
      width: 120,
      style: plain,
      all: true,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text).not.toMatch(/^✓ better/m);
  });
});

describe('a comparison as Markdown', () => {
  it('lets no name end a cell, begin a tag or mention anybody', () => {
    const text = comparisonMarkdown(comparisons['names that mean harm'] as Comparison);
    expect(text).not.toMatch(/<img|@all|[^\\]\[a|[^\\]`x|[^\\]\*\*y/);
    const cells = text
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.match(/(?<!\\)\|/g)?.length);
    expect(new Set(cells)).toEqual(new Set([9]));
  });

  it('says why a comparison is invalid, and folds what is the same or inconclusive', () => {
    expect(comparisonMarkdown(comparisons.invalid as Comparison)).toMatch(
      /^### ⚠️ invalid.*- The run "shop"/s,
    );
    expect(comparisonMarkdown(comparisons.same as Comparison)).toMatch(
      /<details><summary>24 the same<\/summary>/,
    );
    expect(comparisonMarkdown(comparisons.inconclusive as Comparison)).toMatch(
      /<details><summary>\d+ inconclusive<\/summary>/,
    );
  });
});
