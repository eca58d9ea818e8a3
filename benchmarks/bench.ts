/**
 * `npm run bench -- NAME [--json] [--short] [--only PART]`: runs benchmarks/NAME.ts and prints its rows. Exits 1
 * when a target is missed, 2 when the words are wrong.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Benchmark, environment, otherWork, type Row } from './harness.ts';

const folder = import.meta.dirname;
const usage = 'Usage: npm run bench -- NAME [--json] [--short] [--only PART]';
/** What a machine does that nobody else uses: a tick of its clock, a daemon. */
const quietRatio = 0.05;

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const asked = readWords(words);
  if (typeof asked === 'string') {
    process.stderr.write(`${asked}\n${usage}\nBenchmarks: ${benchmarkNames().join(', ')}\n`);
    return 2;
  }
  installRivals();
  const progress = (message: string): boolean => process.stderr.write(`bench: ${message}\n`);
  const options = { short: asked.short, only: asked.only, progress };
  const benchmark = (await import(`./${asked.name}.ts`)) as Benchmark;
  if (asked.only !== undefined && benchmark.parts?.includes(asked.only) !== true) {
    const parts = benchmark.parts?.join(', ') ?? 'none';
    process.stderr.write(`${asked.name} has no part ${JSON.stringify(asked.only)}; its parts: ${parts}.\n`);
    return 2;
  }
  const busyBefore = await otherWork();
  if (busyBefore > quietRatio)
    progress(`others keep ${percentOf(busyBefore)} of this machine busy: its figures are not to be quoted`);
  const rows = await benchmark.run(options);
  const busyAfter = await otherWork();
  const others = `${percentOf(busyBefore)} before, ${percentOf(busyAfter)} after`;
  const ranOn = { ...environment(options), 'other work': others };
  process.stdout.write(
    asked.json ? `${JSON.stringify({ rows, environment: ranOn }, undefined, 2)}\n` : tableOf(rows, ranOn),
  );
  return rows.some((row) => row.met === false) ? 1 : 0;
}

function percentOf(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

interface Asked {
  readonly name: string;
  readonly json: boolean;
  readonly short: boolean;
  readonly only: string | undefined;
}

/** What the words ask for, or what is wrong with them. */
function readWords(words: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        json: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        only: { type: 'string' },
      },
      allowPositionals: true,
    });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0)
      return `One benchmark is run at a time, got ${positionals.length}.`;
    if (!benchmarkNames().includes(name)) return `There is no benchmark ${JSON.stringify(name)}.`;
    return { name, json: values.json, short: values.short, only: values.only };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Every TypeScript file here is a benchmark, except this one and the harness. */
function benchmarkNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .filter((name) => name !== 'bench' && name !== 'harness')
    .sort();
}

/** `npm ci` in this folder, unless its node_modules holds a mark of just this lock file. */
function installRivals(): void {
  const mark = join(folder, 'node_modules', '.loadline-set-up');
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  process.stderr.write('bench: installing the rivals (once) …\n');
  const npm = process.env.npm_execpath;
  const [command, words] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const done = spawnSync(command, [...words, 'ci', '--loglevel=error', '--no-progress'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (done.status !== 0) {
    throw new Error(
      'Cannot install the rivals: `npm ci` in benchmarks/ failed. Check the network and the registry of npm.',
    );
  }
  writeFileSync(mark, wanted);
}

/** The rows as a Markdown table that also reads well on a terminal. */
function tableOf(rows: readonly Row[], ranOn: Readonly<Record<string, unknown>>): string {
  const cells = [
    ['what', 'figure', 'spread', 'rival', 'its figure', 'ratio', 'target', 'met'],
    ...rows.map((row) => [
      row.name,
      `${digits(row.value)} ${row.unit}`,
      row.spread === undefined ? '' : `±${Math.round(row.spread * 50)} %`,
      row.rival ?? '',
      row.rivalValue === undefined ? '' : `${digits(row.rivalValue)} ${row.unit}`,
      row.ratio === undefined ? '' : digits(row.ratio),
      row.target ?? '',
      row.met === undefined ? '' : row.met ? 'yes' : 'NO',
    ]),
  ];
  const widths = (cells[0] as string[]).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] as string).length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] as number)).join(' | ')} |`;
  const [head, ...body] = cells as [string[], ...string[][]];
  const rule = widths.map((width) => '-'.repeat(width));
  const facts = Object.entries(ranOn).map(([name, value]) => `${name} ${value}`);
  return `${[head, rule, ...body].map(line).join('\n')}\n\n${facts.join(', ')}\n`;
}

function digits(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
