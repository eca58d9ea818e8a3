import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { formatRate } from 'loadline/base';
import type { ScalabilityFit } from 'loadline/capacity';
import type { LimitReport } from 'loadline/load/limit';
import { describe, expect, it } from 'vitest';
import { run, start, startBench } from './command.ts';

/** Four slots of 100 ms, by sleeping: 40 a second, however quick the machine is. */
function fourSlots(): RequestListener {
  const freeMs = [0, 0, 0, 0];
  return (_, response) => {
    const nowMs = performance.now();
    const first = freeMs.indexOf(Math.min(...freeMs));
    const endMs = Math.max(nowMs, freeMs[first] as number) + 100;
    freeMs[first] = endMs;
    setTimeout(() => response.end('{"ok":true}'), endMs - nowMs);
  };
}

const visit = `scenarios: { visit: { steps: [{ get: / }] } }
load: [{ arrivals: { rate: 1/s, for: 1s } }]
limits: { request_timeout: 2s }
thresholds: { latency: p99 < 500ms, errors: ratio < 1% }
`;

const short = ['--probe', '2s', '--precision', '20%', '--confirm', '1'];

// On a shared machine a generator can be held up; such a run is invalid, and a search that has no others ends with 98.
describe('loadline find-limit', { retry: 3 }, () => {
  it('tells how long it may take, then each run, then all of them, and writes what it found', async () => {
    await using bench = await startBench(fourSlots());
    const file = await bench.file('load.yaml', visit);
    const json = join(bench.folder, 'limit.json');
    const words = [
      'find-limit',
      file,
      '--target',
      bench.target,
      '--from',
      '20/s',
      '--to',
      '80/s',
      '--runs',
      '5',
    ];
    const { code, out, err } = await run([...words, ...short, '--json', json]);
    expect(err).toMatch(
      /^From 20\/s to 80\/s in runs of 2 s: about \d+ of them in .*, at most 5 in .*\.\n {2}0 {2}warm-up .*20\/s/,
    );
    const report = JSON.parse(await readFile(json, 'utf8')) as LimitReport & { curve: ScalabilityFit };
    expect([report.schema, report.curve.kind]).toEqual(['loadline.limit-report/1', 'none']);
    expect(report.probes.length).toBeGreaterThan(1);
    expect(report.probes.length).toBeLessThanOrEqual(6);
    expect(report.highestMet ?? 0).toBeLessThan(50);
    const statement =
      report.status === 'unsettled' ? '? The 5 runs were used up' : 'the generator was the bottleneck';
    expect(out.replace(/\s+/g, ' ')).toContain(statement);
    expect(code).toBe(report.status === 'unsettled' ? 97 : 98);
    for (const probe of report.probes) expect(out).toContain(formatRate(probe.ratePerSecond));
  });

  it('exits with 97 where the highest rate is met', async () => {
    await using bench = await startBench();
    const file = await bench.file('load.yaml', visit);
    const words = ['find-limit', file, '--target', bench.target, '--from', '20/s', '--to', '20/s'];
    const { code, out } = await run([...words, ...short, '--json', '-']);
    const report = JSON.parse(out) as LimitReport;
    expect([code, report.status, report.highestMet]).toEqual([97, 'above', 20]);
  });

  it('exits with 99 where the objectives are missed even at the lowest rate', async () => {
    await using bench = await startBench((_, response) => response.writeHead(500).end());
    const file = await bench.file('load.yaml', visit);
    const words = ['find-limit', file, '--target', bench.target, '--from', '10/s', '--quiet'];
    const { code, out, err } = await run([...words, ...short]);
    expect([code, err]).toEqual([99, '']);
    expect(out).toContain('✗ The target missed the objectives at 10/s, the lowest rate.');
    expect(out).toContain('10/s: Nothing answered as expected: 20 × status 500.');
  });

  it('exits with 2 for options that make no sense, before anything is sent', async () => {
    await using bench = await startBench();
    const file = await bench.file('load.yaml', visit);
    const words = ['find-limit', file, '--target', bench.target, '--from', '50/s', '--to', '10/s'];
    const { code, out, err } = await run([...words, '--precision', '5']);
    expect([code, out, bench.requests()]).toEqual([2, '', 0]);
    expect(err).toBe(
      'LOAD_OPTIONS_INVALID: Cannot search the limit.\n  --to must not be below --from, 50/s\n  --precision must be from 0.5% to 50%, like 5%, got "5"\n',
    );
  });

  it('exits with 130 when it is interrupted, and tells what it knows', async () => {
    await using bench = await startBench();
    const file = await bench.file('load.yaml', visit);
    const words = ['find-limit', file, '--target', bench.target, '--from', '20/s'];
    const started = start([...words, '--probe', '4s']);
    await started.shows('warm-up');
    started.child.kill('SIGINT');
    const { code, out } = await started.ended;
    expect(code).toBe(130);
    expect(out).toContain('■ The search was interrupted before it had a limit.');
  });
});
