import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadReport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { run, start, startBench, visit } from './command.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: a style begins with the escape character
const style = /\u001b\[/;

/** Where a run has ended by itself: a machine that is busy with other tests may make a generator late. */
const verdictCodes = [0, 98];

describe('the exit code of loadline run', { retry: 3 }, () => {
  it('is 0 where the run passed, with a summary and nothing else', async () => {
    await using bench = await startBench();
    const file = await bench.file(
      'load.yaml',
      visit('400ms', 'thresholds: { latency: p95 < 5s, errors: ratio < 1% }'),
    );
    const { code, out, err } = await run(['run', file, '--target', bench.target]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/load → http:\/\/127\.0\.0\.1:\d+, 40\d ms\n {2}✓ passed\n/);
    expect(out).toMatch(/GET \/ +\d+/);
    expect(out).not.toMatch(style);
    expect(bench.requests()).toBeGreaterThan(20);
  });

  it('is 99 where a threshold failed', async () => {
    let answered = 0;
    await using bench = await startBench((_, response) =>
      response.writeHead(answered++ % 2 === 0 ? 200 : 500).end(),
    );
    const file = await bench.file('load.yaml', visit('300ms', 'thresholds: { errors: ratio < 1% }'));
    const { code, out } = await run(['run', file, '--target', bench.target]);
    expect(code).toBe(99);
    expect(out).toMatch(/errors: ratio < 1%, got \d\d(?:\.\d)? %/);
  });

  it('is 99 where every answer was an error, also without thresholds', async () => {
    await using bench = await startBench((_, response) => response.writeHead(500).end());
    const file = await bench.file('load.yaml', visit('300ms'));
    const { code, out } = await run(['run', file, '--target', bench.target]);
    expect(code).toBe(99);
    expect(out).toMatch(/Nothing answered as expected: \d+ × status 500/);
  });

  it('is 99 where nothing answered, soon', async () => {
    await using bench = await startBench(() => undefined);
    const file = await bench.file('load.yaml', visit('300ms'));
    const { code, out, tookMs } = await run(['run', file, '--target', bench.target]);
    expect(code).toBe(99);
    expect(out).toMatch(/Nothing answered: \d+ × timeout \(no answer within 300 ms\)/);
    expect(tookMs).toBeLessThan(8000);
  });

  it('is 97 where a threshold had nothing to be held against', async () => {
    await using bench = await startBench();
    const rare = 'thresholds: { rare.latency: p95 < 1s }\n';
    const yaml = visit('300ms', rare).replace(
      'scenarios:',
      'scenarios:\n  rare: { weight: 1.0e-12, steps: [{ get: /rare }] }',
    );
    const { code, out } = await run(['run', await bench.file('load.yaml', yaml), '--target', bench.target]);
    expect(out).toContain('? inconclusive');
    expect(code).toBe(97);
  });

  it('is 2 for a wrong file, with every problem and its line', async () => {
    await using bench = await startBench();
    const file = await bench.file(
      'load.yaml',
      visit('2 seconds', 'treshold: {}').replace('get: /', 'gte: /'),
    );
    const { code, out, err } = await run(['run', file, '--target', bench.target]);
    expect([code, out, bench.requests()]).toEqual([2, '', 0]);
    expect(err.split('\n').slice(1, -1)).toEqual([
      '  line 4, scenarios.visit.steps[0].gte is not known; did you mean get?',
      '  line 7, load[0].hold.for must be a duration with a unit, like 250ms, 30s or 2m, got "2 seconds"',
      '  line 9, treshold is not known; did you mean thresholds?',
    ]);
  });
});

describe('--json', { retry: 3 }, () => {
  it('- prints the report and nothing else', async () => {
    await using bench = await startBench();
    const { code, out } = await run([
      'run',
      await bench.file('load.yaml', visit('300ms')),
      '--target',
      bench.target,
      '--json',
      '-',
    ]);
    const report = JSON.parse(out) as LoadReport;
    expect([code, report.schema, report.verdict.status]).toEqual([0, 'loadline.load-report/3', 'passed']);
    expect(report.total.requests).toBe(bench.requests());
  });

  it('FILE writes it beside the summary', async () => {
    await using bench = await startBench();
    const json = join(bench.folder, 'report.json');
    const { out, err } = await run([
      'run',
      await bench.file('load.yaml', visit('300ms')),
      '--target',
      bench.target,
      '--json',
      json,
    ]);
    expect(out).toContain('✓ passed');
    expect(err).toContain(`The report is in ${json}.\n`);
    expect((JSON.parse(await readFile(json, 'utf8')) as LoadReport).total.requests).toBe(bench.requests());
  });

  it('FILE that cannot be written ends the command before the run', async () => {
    await using bench = await startBench();
    const json = join(bench.folder, 'no', 'such', 'folder.json');
    const { code, err } = await run([
      'run',
      await bench.file('load.yaml', visit('300ms')),
      '--target',
      bench.target,
      '--json',
      json,
    ]);
    expect([code, bench.requests()]).toEqual([2, 0]);
    expect(err).toMatch(
      /^CLI_OUTPUT_UNWRITABLE: Cannot write the report to .*folder\.json: there is no folder /,
    );
  });
});

describe('--quiet', { retry: 3 }, () => {
  it('says nothing of a run that passed, and everything of one that did not', async () => {
    await using bench = await startBench();
    const passing = await bench.file('passing.yaml', visit('200ms'));
    expect(await run(['run', passing, '--target', bench.target, '--quiet'])).toMatchObject({
      code: 0,
      out: '',
      err: '',
    });
    const failing = await bench.file('failing.yaml', visit('200ms', 'thresholds: { latency: p95 < 1us }'));
    expect((await run(['run', failing, '--target', bench.target, '--quiet'])).out).toContain('✗ failed');
  });
});

describe('--version', () => {
  it('prints the version and exits 0', async () => {
    const { code, out } = await run(['--version']);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('--help', () => {
  it('prints help and exits 0', async () => {
    const { code, out, err } = await run(['run', 'x.yaml', '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('loadline run FILE');
  });
});

describe('an interrupt', () => {
  const untilLoaded = async (bench: Awaited<ReturnType<typeof startBench>>): Promise<void> => {
    while (bench.requests() < 20) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by one %s ends with a report of what was measured',
    async (signal) => {
      await using bench = await startBench();
      const started = start(['run', await bench.file('load.yaml', visit('10m')), '--target', bench.target]);
      await untilLoaded(bench);
      started.child.kill(signal);
      const { code, out } = await started.ended;
      expect(code).toBe(130);
      expect(out).toContain('■ interrupted');
      expect(out).toMatch(/of 10 m\n/);
      expect(out).toMatch(/offered +\d\d/);
    },
  );

  it('by two ends at once, also when nothing answers', async () => {
    await using bench = await startBench(() => undefined);
    const yaml = visit('10m').replace('300ms', '60s').replace('users: 10', 'users: 30');
    const started = start(['run', await bench.file('load.yaml', yaml), '--target', bench.target]);
    await untilLoaded(bench);
    started.child.kill('SIGINT');
    // Two signals within 200 ms are one Ctrl-C that came twice, and this process has no virtual clock.
    await new Promise((resolve) => setTimeout(resolve, 500));
    started.child.kill('SIGINT');
    const { code, out } = await started.ended;
    // A run that ended by itself after its grace would have printed its report.
    expect([code, out]).toEqual([130, '']);
  });

  it('that arrives twice within a moment, as by way of npm, is one', async () => {
    await using bench = await startBench();
    const started = start(['run', await bench.file('load.yaml', visit('10m')), '--target', bench.target]);
    await untilLoaded(bench);
    started.child.kill('SIGINT');
    started.child.kill('SIGINT');
    const { code, out } = await started.ended;
    expect(code).toBe(130);
    expect(out).toContain('■ interrupted');
  });
});

describe('a reader that has had enough', () => {
  it.each(['stdout', 'stderr'] as const)('of %s does not crash the command', async (stream) => {
    await using bench = await startBench();
    const file = await bench.file('load.yaml', visit('500ms'));
    const started = start(['run', file, '--target', bench.target, '--json', '-']);
    started.child[stream]?.destroy();
    const { code, err } = await started.ended;
    expect(err).toBe('');
    expect(verdictCodes).toContain(code);
  });
});

describe('the memory of loadline serve', () => {
  const say = 'console.error(process.pid,...process.execArgv)';
  const said = async (command: string, ...more: readonly string[]): Promise<readonly string[]> => {
    const words = [
      '--conditions=loadline-source',
      `--import=data:text/javascript,${encodeURI(say)}`,
      ...more,
    ];
    const { err } = await run([command, '--help'], { NODE_OPTIONS: words.join(' ') });
    return err.trim().split('\n');
  };

  it.runIf(process.platform === 'linux')('is bounded in the same process, before it begins', async () => {
    const [first, then] = await said('serve');
    expect(then).toBe(`${first} --max-semi-space-size=8`);
  });

  it('is what whoever starts it has set, and no other command’s', async () => {
    expect(await said('serve', '--max-semi-space-size=16')).toHaveLength(1);
    expect(await said('run')).toHaveLength(1);
  });
});

describe.runIf(process.platform === 'linux')('on a terminal', { retry: 3 }, () => {
  /** Runs the command in a pseudo-terminal of this size by way of script(1). */
  async function onTerminal(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const bin = new URL('../../bin/loadline.js', import.meta.url).pathname;
    const quoted = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${quoted}`, '/dev/null'], {
      env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await once(child, 'close');
    return shown;
  }

  it('draws progress over one line, clears it, and then prints in colors', async () => {
    await using bench = await startBench();
    const shown = await onTerminal([
      'run',
      await bench.file('load.yaml', visit('2500ms')),
      '--target',
      bench.target,
    ]);
    const frames = shown.split('\r\u001b[K');
    expect(frames.length).toBeGreaterThanOrEqual(4);
    expect(frames[1]).toMatch(/█.* 1 s of 3 s {2}10 users/);
    for (const frame of frames.slice(1, -1)) expect(frame).not.toContain('\n');
    expect(frames.at(-1)).toMatch(style);
    // On a crowded machine the run may be invalid: what is drawn is the matter here.
    expect(frames.at(-1)).toMatch(/✓ passed|! invalid/);
  });

  it('prints no colors against NO_COLOR, and nothing at all to a dumb one', async () => {
    await using bench = await startBench();
    const args = ['run', await bench.file('load.yaml', visit('1200ms')), '--target', bench.target];
    const withoutColor = await onTerminal(args, { NO_COLOR: '1' });
    expect(withoutColor).not.toContain('\u001b[3');
    expect(withoutColor).toContain('█');
    const dumb = await onTerminal(args, { TERM: 'dumb' });
    expect(dumb).not.toMatch(style);
    expect(dumb).not.toContain('█');
    expect(dumb).toMatch(/✓ passed|! invalid/);
  });
});
