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

  it('tries a preset by its name, beside a file', async () => {
    const { code, out } = await scaleSimulate('wedding/app_servers', inFolder('sized.yaml'), ...given());
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}wedding\/app_servers /m);
    expect(out).toMatch(/^ {2}sized\.yaml /m);
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
    expect(out).not.toMatch(/sized\.yaml × 0\.9 +\d/);
    expect(out).toContain(
      'Left out: sized.yaml × 0.7, × 0.8, × 0.9, as it would be sized for less than comes.',
    );
    const { out: json } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--sweep', '--json', '-');
    const { tried, leftOut } = JSON.parse(json);
    expect([...tried, ...leftOut].map(({ generosity }) => generosity).toSorted()).toEqual([
      0.7, 0.8, 0.9, 1, 1.15, 1.35, 1.6, 2,
    ]);
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
    const { out, err } = await scaleSimulate(
      ...[
        inFolder('sized.yaml'),
        ...given(),
        '--html',
        inFolder('page.html'),
        '--json',
        inFolder('all.json'),
      ],
    );
    expect(out).toContain('target missed');
    expect(err).toBe(`The JSON is in ${inFolder('all.json')}.\nThe page is in ${inFolder('page.html')}.\n`);
    const page = await readFile(inFolder('page.html'), 'utf8');
    expect(page).toContain('<title>load.csv: sized.yaml – Loadline</title>');
  });

  it('says what it assumed of the service, where nobody said it', async () => {
    const { out } = await scaleSimulate(inFolder('sized.yaml'), ...given());
    expect(out.replace(/\s+/g, ' ')).toContain(
      'Assumed, as nothing was said of it: 50 ms a request (--service), ready after 1 m (--start).',
    );
    const said = await scaleSimulate(
      ...[inFolder('sized.yaml'), ...given(), '--service', '50ms', '--start', '60s'],
    );
    expect(said.out).not.toContain('Assumed');
    const { out: page } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--html', '-');
    expect(page).toContain('<dd>1 m; a default, as nothing was said</dd>');
    expect(page).toContain('<dd>8 in an instance</dd>');
  });

  it('only learns from the beginning that is history', async () => {
    const { out } = await scaleSimulate(inFolder('sized.yaml'), ...given(), '--history', '5h');
    expect(out).toContain('load.csv  1 h from 2026-06-06 05:00 UTC');
  });

  it('asks a control plane for what it has seen of a service', async () => {
    await using plane = await startControlPlane();
    const words = ['--of', 'shop', ...plane.words, '--last', '1h'];
    const { out, err } = await scaleSimulate(inFolder('sized.yaml'), ...words);
    expect(err).toBe('');
    expect(out).toContain('shop  1 h from');
    expect(out).toContain('130 requests/s on average, 159 at most; 1 policy');
    expect(plane.asked).toHaveLength(1);
    expect(plane.asked[0]).toMatch(
      /^Bearer ll_key \/performance\/metrics\/requests\?service=shop&figures=requestsPerSecond/,
    );
  });

  it('asks which service was meant, and which time, where nothing was seen of one', async () => {
    await using plane = await startControlPlane();
    const of = (service: string) =>
      scaleSimulate(inFolder('sized.yaml'), '--of', service, ...plane.words, '--last', '1h');
    expect((await of('shpo')).err).toBe(
      'CLI_USAGE: Cannot simulate: there is no service "shpo"; did you mean shop?\n',
    );
    expect((await of('nobody')).err).toBe(
      'CLI_USAGE: Cannot simulate: there is no service "nobody"; there are shop, quiet.\n',
    );
    expect((await of('quiet')).err).toBe(
      'CLI_USAGE: Cannot simulate: the control plane has seen nothing of quiet in that time; asked for was a value every 1m of the last 1h: --step 10s gives more, and so does waiting.\n',
    );
  });

  it('knows a way out where too little was seen yet', async () => {
    await using plane = await startControlPlane({ points: 1 });
    const of = async (...words: string[]) =>
      (await scaleSimulate(inFolder('sized.yaml'), '--of', 'shop', ...plane.words, ...words)).err;
    expect(await of()).toContain(
      'the trace shop must have at least 2 values at different times, got 1; asked for was a value every 1m of the last 7d: --step 10s gives more, and so does waiting.',
    );
    expect(await of('--last', '1m', '--step', '10s')).toContain(': --step 1s gives more');
    expect(await of('--last', '1m', '--step', '1s')).toContain('of the last 1m: try again later.');
  });

  it.each([
    [
      [],
      'Cannot simulate: it has 2 problems.\n' +
        '  at least one policy is needed, as in `loadline scale simulate policy.yaml --trace load.csv`\n' +
        '  the trace comes from one of',
    ],
    [
      ['sized.yaml', '--trace', 'load.csv', '--query', 'up', '--service', '20', '--price', 'much'],
      'Cannot simulate: it has 3 problems.\n' +
        '  --query belongs to --prometheus, and means nothing to --trace\n' +
        '  --service must be a time with its unit, like 90s, got "20"\n' +
        '  --price must be a number from 0, got "much"\n',
    ],
    [
      ['sized.yaml', '--of', 'shop', '--last', '5', '--step', '1ms', '--start', 'soon'],
      'Cannot simulate: it has 3 problems.\n' +
        '  --step must be at least 1s, got 1ms\n' +
        '  --last must be a time with its unit, like 90s, got "5"\n' +
        '  --start must be a time with its unit, like 90s, got "soon"\n',
    ],
    [
      ['sized.yaml', '--trace', 'load.csv', '--html', 'none/page.html'],
      'Cannot write the simulation to none/page.html',
    ],
    [['sized.yaml'], 'the trace comes from one of --trace FILE, --prometheus URL and --of SERVICE, got none'],
    [['sized.yaml', '--trace', 'load.csv', '--of', 'shop'], 'and --of SERVICE, got --trace and --of.'],
    [
      ['sized.yaml', '--trace', 'load.csv', '--step', '1m', '--key-file', 'key', '--query', 'up'],
      'Cannot simulate: it has 3 problems.\n' +
        '  --query belongs to --prometheus, and means nothing to --trace\n' +
        '  --step belongs to --prometheus and --of, and means nothing to --trace\n' +
        '  --key-file belongs to --of, and means nothing to --trace\n',
    ],
    [
      ['sized.yaml', '--of', 'shop', '--query', 'up'],
      'Cannot simulate: --query belongs to --prometheus, and means nothing to --of.\n',
    ],
    [
      ['sized.yaml', '--prometheus', 'prometheus:9090', '--control-plane', 'http://127.0.0.1:1'],
      'Cannot simulate: it has 3 problems.\n' +
        '  --control-plane belongs to --of, and means nothing to --prometheus\n' +
        '  --prometheus needs --query, for requests a second\n' +
        '  --prometheus must be a URL, like http://127.0.0.1:9090, got "prometheus:9090"\n',
    ],
    [
      ['sized.yaml', '--of', 'shop', '--key-file', 'nokey'],
      'CLI_USAGE: Cannot ask the control plane: --key-file nokey cannot be read: there is no such file.\n',
    ],
    [
      ['sized.yaml', '--of', 'shop', '--control-plane', 'http://127.0.0.1:1', '--json', 'none/all.json'],
      'Cannot write the simulation to none/all.json: there is no folder none.',
    ],
    [
      ['sized.yaml', '--trace', 'load.csv', '--json', '-', '--html', '-'],
      'only one of --json and --html can be -',
    ],
    [['sized.yaml', '--trace', 'none.csv'], 'none.csv cannot be read: there is no such file'],
    [['sized.yaml', '--trace', 'sized.yaml'], 'must be a time and requests a second'],
    [['sized.yaml', '--trace', 'wrong.csv'], 'wrong.csv: it has 2 problems.\n  line 2 must be a time'],
    [['sized.yaml', '--trace', 'load.csv', '--service', '50'], '--service must be a time with its unit'],
    [['sized.yaml', '--trace', 'load.csv', '--target', '20ms'], '--target must be longer than --service'],
    [
      [
        'sized.yaml',
        '--trace',
        'load.csv',
        '--service',
        '0s',
        '--start',
        'soon',
        '--price',
        'x',
        '--history',
        '1',
      ],
      'CLI_USAGE: Cannot simulate: it has 4 problems.\n' +
        '  --service must be above 0\n' +
        '  --start must be a time with its unit, like 90s, got "soon"\n' +
        '  --price must be a number from 0, got "x"\n' +
        '  --history must be a time with its unit, like 90s, got "1"\n',
    ],
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

interface FakePlane extends AsyncDisposable {
  readonly asked: string[];
  /** What leads to it. */
  readonly words: readonly string[];
}

/** Has seen so many minutes of a shop, and has a service that nobody visits. */
async function startControlPlane({ points = 60 } = {}): Promise<FakePlane> {
  const asked: string[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    asked.push(`${headers.authorization} ${url}`);
    const { pathname, searchParams } = new URL(url, 'http://here');
    if (pathname.endsWith('/names')) {
      response.end(JSON.stringify({ items: [{ metric: 'requests', services: ['shop', 'quiet'] }] }));
      return;
    }
    const isShop = searchParams.get('service') === 'shop';
    const isLast = Date.parse(searchParams.get('to') ?? '') > Date.now() - 120_000;
    const from = Date.parse(searchParams.get('from') ?? '');
    const seen = Array.from({ length: isShop && isLast ? points : 0 }, (_, at) => ({
      at: new Date(from + at * 60_000),
      mean: 100 + at,
    }));
    response.end(JSON.stringify({ figures: [{ name: 'requestsPerSecond', lines: [{ points: seen }] }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await writeFile(inFolder('key'), 'll_key\n');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    words: ['--control-plane', address, '--key-file', inFolder('key')],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
