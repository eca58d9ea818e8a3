import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from 'loadline/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-simulate-'));
  const lines = Array.from({ length: 360 }, (_, minute) => {
    const rate = minute < 180 ? 300 : 1500;
    return `${new Date(Date.UTC(2026, 5, 6) + minute * 60_000).toISOString()},${rate}`;
  });
  await writeFile(inFolder('load.csv'), `time,requests_per_second\n${lines.join('\n')}\n`);
  await writeFile(inFolder('wrong.csv'), 'time,rate\n2026-06-06T00:00:00Z,-5\nyesterday,3\n');
  await writeFile(
    inFolder('sized.yaml'),
    'replicas: { min: 1, max: 40 }\nsizing: { latency: 250ms, service: 50ms, concurrency: 8 }\n',
  );
  await writeFile(
    inFolder('slow.yaml'),
    'replicas: { min: 1, max: 40 }\nmetrics: { cpuRatio: { scaleOutAbove: 0.9, scaleOutCooldown: 5m } }\n',
  );
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function scaleSimulate(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const seen = { out: '', err: '' };
  const terminal = {
    out: (text: string) => {
      seen.out += text;
    },
    err: (text: string) => {
      seen.err += text;
    },
    isInteractive: false,
    width: 100,
    style: (_: string, text: string) => text,
  };
  const { signal } = new AbortController();
  const code = await runCli(['scale', 'simulate', ...words], { terminal, env: {}, signal });
  return { code, ...seen };
}

const given = (): string[] => ['--trace', inFolder('load.csv'), '--concurrency', '8', '--interval', '1m'];

describe('loadline scale simulate', () => {
  it('shows policies side by side: what they cost, and how often they miss the target', async () => {
    const { code, out } = await scaleSimulate(
      inFolder('sized.yaml'),
      inFolder('slow.yaml'),
      ...given(),
      '--price',
      '2',
    );
    expect(code).toBe(0);
    expect(out).toContain('load.csv  6 h from 2026-06-06 00:00 UTC, a value every 1 m');
    expect(out).toContain('target: p95 within 250 ms; 50 ms a request, 8 at once, ready after 1 m');
    const [sized = '', slow = ''] = out.split('\n').filter((line) => /^ {2}(sized|slow)\.yaml/.test(line));
    const missed = (line: string): number => Number(/([\d.]+) %/.exec(line)?.[1]);
    expect(missed(sized)).toBeGreaterThan(0);
    expect(missed(sized)).toBeLessThan(missed(slow) / 3);
    expect(out).toContain('cost');
  });

  it('tells which metrics of a policy it does not model', async () => {
    await writeFile(
      inFolder('memory.yaml'),
      'replicas: { min: 4, max: 40 }\nmetrics: { memoryRatio: { target: 0.7 }, cpuRatio: { target: 0.7 } }\n',
    );
    const { out } = await scaleSimulate(inFolder('memory.yaml'), inFolder('sized.yaml'), ...given());
    expect(out).toContain('Not modelled, and so not seen by the policies: memoryRatio.');
  });

  it('shows with --sweep what it takes to miss it less', async () => {
    const { out } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--sweep');
    expect(out).toContain('sized.yaml × 1.35');
    // It cannot be less generous than it is.
    expect(out).not.toContain('sized.yaml × 0.9');
    expect(out).toMatch(
      /target missed, by instance hours from \d+(\.\d+)? to \d+(\.\d+)?: left and low is better/,
    );
  });

  it('writes everything as JSON, also instead of the table', async () => {
    const { out } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--json', '-');
    const told = JSON.parse(out);
    expect(told.tried[0]).toMatchObject({
      policy: 'sized.yaml',
      generosity: 1,
      result: { durationMs: 21_600_000 },
    });
    expect(told.tried[0].result.course.length).toBeGreaterThan(100);
    await scaleSimulate(inFolder('sized.yaml'), ...given(), '--json', inFolder('result.json'));
    expect(JSON.parse(await readFile(inFolder('result.json'), 'utf8'))).toEqual(told);
  });

  it('writes a page with --html, beside the table', async () => {
    const { out } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--html', inFolder('page.html'));
    expect(out).toContain('target missed');
    const page = await readFile(inFolder('page.html'), 'utf8');
    expect(page).toContain('<title>load.csv: sized.yaml – Loadline</title>');
  });

  it('only learns from the beginning that is history', async () => {
    const { out } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--history', '5h');
    expect(out).toContain('load.csv  1 h from 2026-06-06 05:00 UTC');
  });

  it('asks a control plane for what it has seen of a service', async () => {
    const asked: string[] = [];
    const server = createServer(({ url = '', headers }, response) => {
      asked.push(`${headers.authorization} ${url}`);
      const from = Date.parse(new URL(url, 'http://here').searchParams.get('from') ?? '');
      const points = Array.from({ length: url.includes('service=nobody') ? 0 : 60 }, (_, at) => ({
        at: new Date(from + at * 60_000),
        mean: 100 + at,
      }));
      response.end(
        JSON.stringify({ figures: [{ name: 'requestsPerSecond', lines: [{ name: 'shop', points }] }] }),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(inFolder('key'), 'll_key\n');
    const words = ['--of', 'shop', '--control-plane', address, '--key-file', inFolder('key'), '--last', '1h'];
    const { out, err } = await scaleSimulate(inFolder('sized.yaml'), ...words);
    const unseen = await scaleSimulate(inFolder('sized.yaml'), ...words, '--of', 'nobody');
    server.close();
    expect(unseen.err).toContain(
      'Cannot simulate: the control plane has seen no request to nobody in that time.',
    );
    expect(err).toBe('');
    expect(out).toContain('shop  1 h from');
    expect(out).toContain('130 requests/s on average, 159 at most; 1 policy');
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatch(
      /^Bearer ll_key \/performance\/metrics\/requests\?service=shop&figures=requestsPerSecond/,
    );
  });

  it.each([
    [[], 'at least one policy is needed'],
    [
      ['sized.yaml', '--trace', 'load.csv', '--html', 'none/page.html'],
      'Cannot write the simulation to none/page.html',
    ],
    [['sized.yaml'], 'the trace comes from one of --trace FILE, --prometheus URL and --of SERVICE'],
    [['sized.yaml', '--trace', 'none.csv'], 'none.csv cannot be read: there is no such file'],
    [['sized.yaml', '--trace', 'sized.yaml'], 'must be a time and requests a second'],
    [['sized.yaml', '--trace', 'wrong.csv'], 'wrong.csv: it has 2 problems.\n  line 2 must be a time'],
    [['sized.yaml', '--trace', 'load.csv', '--service', '50'], '--service must be a time with its unit'],
    [['sized.yaml', '--trace', 'load.csv', '--target', '20ms'], '--target must be longer than --service'],
    [['sized.yaml', '--trace', 'load.csv', '--concurrency', '1.5'], '--concurrency must be a whole number'],
    [['sized.yaml', '--trace', 'load.csv', '--history', '6h'], '--history must leave something to try'],
    [['load.csv', '--trace', 'load.csv'], 'Cannot scale by'],
    [['sized.yaml', '--prometheus', 'http://127.0.0.1:1'], '--prometheus needs --query'],
    [
      ['sized.yaml', '--prometheus', 'http://127.0.0.1:1', '--query', 'up'],
      'the trace cannot be had: Prometheus at 127.0.0.1:1 cannot be reached: bad port',
    ],
    [
      ['sized.yaml', '--prometheus', 'http://127.0.0.1:1', '--query', 'up', '--last', '999999d'],
      '--last must be at most 1000000 values, one every 1m, got 999999d',
    ],
    [['sized.yaml', '--trace', 'load.csv', '--interval', '0s'], '--interval must be at least 100ms, got 0s'],
    [
      ['sized.yaml', '--trace', 'load.csv', '--variability', '1e300'],
      '--variability must be a number from 0 to 100',
    ],
  ])('refuses %j', async (words, said) => {
    const placed = words.map((word) => (/\.(yaml|csv)$/.test(word) ? inFolder(word) : word));
    const { code, out, err } = await scaleSimulate(...placed);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(said);
  });
});
