import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcessProbe } from '../../../src/load/resources/process.ts';
import type { ResourceProbe } from '../../../src/load/resources/resource.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** Runs a program in a Node.js of its own; it has begun when it has written its first word. */
async function run(program: string) {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [firstWord] = await once(child.stdout, 'data');
  return Object.assign(child, { pid: child.pid as number, firstWord: String(firstWord) });
}

async function sample(probe: ResourceProbe): Promise<Record<string, number>> {
  const readings = await probe.sample(AbortSignal.timeout(5000));
  return Object.fromEntries(readings.map(({ name, value }) => [name, value]));
}

/** Half a second of work, and 50 MB, each time that it is told; then it says how much CPU time it has had in all. */
const worker = `
  const kept = [];
  process.stdin.on('data', () => {
    kept.push(Buffer.alloc(50e6, 1));
    for (const end = process.cpuUsage().user + 500_000; process.cpuUsage().user < end; );
    process.stdout.write(seconds());
  });
  const seconds = () => String((process.cpuUsage().user + process.cpuUsage().system) / 1e6);
  process.stdout.write(seconds());`;

/** @returns what it says when it has done its work. */
async function work(child: ChildProcess): Promise<string> {
  child.stdin?.write('go');
  const [said] = child.stdout === null ? [] : await once(child.stdout, 'data');
  return String(said);
}

describe.each([
  ['/proc', process.platform],
  ['ps', 'darwin' as const],
])('a process seen by %s', (_, platform) => {
  it('tells the CPU time and the memory that it uses', async () => {
    const child = await run(worker);
    const probe = createProcessProbe(child.pid, platform);
    const before = await sample(probe);
    const told = Number(await work(child)) - Number(child.firstWord);
    const after = await sample(probe);
    expect(told).toBeGreaterThanOrEqual(0.5);
    // By ps in whole seconds; by /proc with what was used before and after it spoke, in hundredths.
    const off = Math.abs((after.cpu ?? 0) - (before.cpu ?? 0) - told);
    expect(off).toBeLessThan(platform === 'linux' ? 0.3 : 1.5);
    expect((after.memory ?? 0) - (before.memory ?? 0)).toBeGreaterThan(40e6);
  });

  it('is not found when it was never there', async () => {
    const probe = createProcessProbe(2 ** 22 + 1, platform);
    await expect(sample(probe)).rejects.toThrow('there is no such process');
  });
});

describe.runIf(process.platform === 'linux')('a process on Linux', () => {
  it('tells its threads and open files', async () => {
    const child = await run(`
      const { openSync } = require('node:fs');
      process.stdin.on('data', () => {
        for (let at = 0; at < 25; at++) openSync('/dev/null');
        process.stdout.write('done');
      });
      process.stdout.write('ready');`);
    const probe = createProcessProbe(child.pid);
    const before = await sample(probe);
    await work(child);
    const after = await sample(probe);
    expect((after['open files'] ?? 0) - (before['open files'] ?? 0)).toBe(25);
    expect(before.threads).toBeGreaterThan(1);
  });

  it('counts with its descendants, and keeps the work of those that have ended', async () => {
    const child = await run(`
      const { spawn } = require('node:child_process');
      const busy = 'while (process.cpuUsage().user < 300_000);';
      const idle = spawn(process.execPath, ['-e', 'process.stdin.resume(); process.stdout.write("x")']);
      idle.stdout.once('data', () => process.stdout.write('ready'));
      process.stdin.on('data', () => {
        spawn(process.execPath, ['-e', busy]).on('exit', () => process.stdout.write('done'));
      });
      process.on('exit', () => idle.kill('SIGKILL'));
      process.stdin.on('end', () => process.exit());`);
    const probe = createProcessProbe(child.pid);
    const before = await sample(probe);
    await work(child);
    const after = await sample(probe);
    expect((after.cpu ?? 0) - (before.cpu ?? 0)).toBeGreaterThan(0.25);
    // Two Node.js, each with its threads and some 30 MB of its own.
    expect(before.threads).toBeGreaterThan(10);
    child.stdin?.end();
    await once(child, 'exit');
    await expect(sample(probe)).rejects.toThrow('it has ended');
  });

  it('that was killed has ended, also while its parent has not taken note', async () => {
    const parent = await run(`
      const child = require('node:child_process').spawn('sleep', ['60']);
      process.stdin.on('data', () => {
        child.kill('SIGKILL');
        process.stdout.write('killed');
        for (const end = performance.now() + 30_000; performance.now() < end; );
      });
      process.stdout.write(String(child.pid));`);
    const probe = createProcessProbe(Number(parent.firstWord));
    expect(await sample(probe)).toMatchObject({ threads: 1 });
    await work(parent);
    await expect.poll(() => sample(probe).catch(String)).toBe('Error: it has ended');
  });
});
