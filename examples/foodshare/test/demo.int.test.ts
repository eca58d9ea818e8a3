import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe('the demo', () => {
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'loadline-demo-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('loads two instances on real servers and prints a report with a verdict', async () => {
    const { code, out, err } = await runDemo(
      '--duration',
      '4s',
      '--scale',
      '0.004',
      '--posts',
      '2000',
      '--exit',
    );
    expect(err).toContain('✓ PostgreSQL and two Valkeys');
    expect(err).toContain('✓ instance 2');
    expect(out).toMatch(/offered +[\d,]+ requests/);
    expect(out).toMatch(/discover +\d/);
    expect(out).toMatch(/errors +0 \(0 %\)/);
    expect(out).toMatch(/PostgreSQL +[\d.]+ %/);
    expect(out).toMatch(/✓ p95 +at most 1.5 s/);
    expect(out).toMatch(/– throughput +at least 1,000\/s +not applicable/);
    // On a machine that is busy with something else the run is rightly called invalid.
    expect([0, 98]).toContain(code);
  }, 120_000);

  it('tells wrong words before it starts anything', async () => {
    const { code, err } = await runDemo('--scael', '1');
    expect(code).toBe(2);
    expect(err).toContain('Did you mean --scale?');
  });

  async function runDemo(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn('loadline', ['demo', ...words], { env: { ...process.env, LOADLINE_HOME: home } });
    const [out, err, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.on('close', resolve)),
    ]);
    return { code, out, err };
  }
});
