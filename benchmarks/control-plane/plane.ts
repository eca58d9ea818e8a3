/** The control plane as an operator runs it: `loadline serve` of the built packages, a process alone on its core. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePrometheus } from 'loadline/metrics';
import { cores, cpuMsOf, type Running, start } from '../load/processes.ts';

export interface PlaneOptions {
  readonly bin: string;
  readonly home: string;
  /** Absent: the PostgreSQL of its own, in its home. */
  readonly databaseUrl?: string;
  /** Further words of `loadline serve`. */
  readonly words?: readonly string[];
}

export interface Plane extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** The header that opens it. */
  readonly headers: { readonly authorization: string };
  /** From before the process was made to the first 200 of `/health/ready`. */
  readonly readyMs: number;
  /** What it tells of itself now: the sum of a metric over all series with these labels. */
  metrics(): Promise<(name: string, labels?: Readonly<Record<string, string>>) => number>;
  /** What the kernel says of the process. */
  memory(): Memory;
  cpuMs(): number;
}

export interface Memory {
  /** VmHWM: the most that was ever resident. */
  readonly peakBytes: number;
  /** VmRSS: now. */
  readonly residentBytes: number;
}

/** Guards nothing but what is measured on this machine. */
export const adminKey = 'a-key-of-the-benchmark-that-opens-nothing-else';
const headers = { authorization: `Bearer ${adminKey}` } as const;
const startMsMax = 120_000;
const endMsMax = 20_000;

/** Starts it, and waits until it is ready. What is set in LOADLINE_BENCH_NODE_OPTIONS, as `--cpu-prof`, is for Node.js. */
export async function startPlane({ bin, home, databaseUrl, words = [] }: PlaneOptions): Promise<Plane> {
  const { LOADLINE_BENCH_NODE_OPTIONS = '' } = process.env;
  const startedMs = performance.now();
  const running = start({
    core: cores.target,
    command: process.execPath,
    args: [
      ...LOADLINE_BENCH_NODE_OPTIONS.split(' ').filter(Boolean),
      bin,
      'serve',
      '--port',
      '0',
      '--home',
      home,
      ...words,
    ],
    env: {
      NODE_OPTIONS: '',
      LOADLINE_ADMIN_KEY: adminKey,
      DATABASE_URL: databaseUrl ?? '',
    },
  });
  try {
    const url = await untilListening(running);
    while (!(await isReady(url))) await sleep(1);
    return {
      url,
      pid: running.pid,
      headers,
      readyMs: performance.now() - startedMs,
      metrics: () => readMetrics(url),
      memory: () => memoryOf(running.pid),
      cpuMs: () => cpuMsOf(running.pid),
      [Symbol.asyncDispose]: () => end(running),
    };
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

/** As an operator would: it writes what still waits, and ends. */
async function end(running: Running): Promise<void> {
  running.child.kill('SIGTERM');
  await Promise.race([running.ended, sleep(endMsMax, undefined, { ref: false })]);
  await running[Symbol.asyncDispose]();
}

function untilListening(running: Running): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (): void => reject(new Error(`Cannot measure: the control plane did not start.\n${said}`));
    const waiting = setTimeout(fail, startMsMax);
    running.child.stderr?.on('data', (piece: Buffer | string) => {
      said = (said + piece).slice(-10_000);
      const url = /listens at (\S+)/.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(waiting);
      resolve(url);
    });
    void running.ended.then(() => {
      clearTimeout(waiting);
      fail();
    });
  });
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health/ready`);
  await response.arrayBuffer();
  return response.ok;
}

async function readMetrics(url: string): ReturnType<Plane['metrics']> {
  const response = await fetch(`${url}/metrics`, { headers });
  const { families } = parsePrometheus(await response.text());
  const all = [...families.values()].flatMap(({ samples }) => samples);
  return (name, wanted = {}) =>
    all
      .filter((sample) => sample.name === name)
      .filter(({ labels }) => Object.entries(wanted).every(([label, value]) => labels.get(label) === value))
      .reduce((sum, { value }) => sum + value, 0);
}

function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytesOf = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { peakBytes: bytesOf('VmHWM'), residentBytes: bytesOf('VmRSS') };
}
