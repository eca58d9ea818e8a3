import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Account, mayEnter, serverAccount } from '../src/account.ts';
import { startLocalStack, startValkey } from '../src/index.ts';
import { livingOf, processesIn } from './processes.ts';

let base: string;
const programPath = fileURLToPath(new URL('./stack-program.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const nobody = isRoot ? await serverAccount(tmpdir()) : undefined;

/** Not in a checkout in root's home, whose sources nobody else can read. */
const canBeNobody = isRoot && (await mayEnter(nobody, dirname(programPath)));

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
  chmodSync(base, 0o755);
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

describe('a program with a stack', () => {
  it('takes its servers and its temporary folder with it when its whole group is killed', async () => {
    const { program, pids, folder } = await startProgram();
    expect(livingOf(pids)).toEqual(pids);
    process.kill(-(program.pid ?? 0), 'SIGKILL');
    await untilNothingRuns(folder, pids);
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 });
  });

  it('takes its servers with it on Ctrl-C, which the terminal sends to its whole group; their data are kept', async () => {
    const { program, pids, folder } = await startProgram({ folder: join(base, 'named') });
    process.kill(-(program.pid ?? 0), 'SIGINT');
    await untilNothingRuns(folder, pids);
    // In order: a killed PostgreSQL would have left its lock file.
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it('that is killed together with its keeper leaves servers, which the next start in the folder ends', async () => {
    const { program, pids, folder } = await startProgram({ folder: join(base, 'named') });
    for (const pid of keepersIn(folder)) process.kill(pid, 'SIGKILL');
    program.kill('SIGKILL');
    await once(program, 'exit');
    expect(livingOf(pids)).toEqual(pids);
    await using stack = await startLocalStack({ folder });
    expect(livingOf(pids)).toEqual([]);
    expect(livingOf([stack.postgres.pid])).toEqual([stack.postgres.pid]);
  });

  it('that had a temporary folder is also tidied up after by the next start, wherever that has its own', async () => {
    const { program, pids, folder } = await startProgram();
    for (const pid of keepersIn(folder)) process.kill(pid, 'SIGKILL');
    program.kill('SIGKILL');
    await once(program, 'exit');
    await using _ = await startValkey({ role: 'cache' });
    // Another start on this machine may be at it already, and is not waited for.
    await vi.waitFor(() => expect([livingOf(pids), existsSync(folder)]).toEqual([[], false]), {
      timeout: 10_000,
    });
  });

  it('that is killed leaves a folder that can be used at once', async () => {
    const { program, folder } = await startProgram({ folder: join(base, 'named') });
    program.kill('SIGKILL');
    await once(program, 'exit');
    await using stack = await startLocalStack({ folder });
    expect(livingOf([stack.postgres.pid])).toEqual([stack.postgres.pid]);
  });

  it.runIf(canBeNobody)('need not be root', async () => {
    const { program, pids, folder } = await startProgram({
      ...(nobody === undefined ? {} : { account: nobody }),
    });
    expect(livingOf(pids)).toEqual(pids);
    program.kill('SIGTERM');
    await untilNothingRuns(folder, pids);
  });
});

interface Program {
  readonly program: ChildProcess;
  /** Of the whole stack. */
  readonly folder: string;
  readonly pids: readonly number[];
}

async function startProgram(options: { folder?: string; account?: Account } = {}): Promise<Program> {
  const program = fork(programPath, [options.folder ?? ''], {
    detached: true, // A group of its own, as in a terminal.
    execArgv: ['--conditions=loadline-source'],
    ...options.account,
  });
  const [started] = (await Promise.race([
    once(program, 'message'),
    once(program, 'exit').then(([code]) => Promise.reject(new Error(`the program ended with ${code}`))),
  ])) as [{ folder: string; pids: number[] }];
  return { program, folder: dirname(started.folder), pids: started.pids };
}

function keepersIn(folder: string): number[] {
  return processesIn(folder)
    .filter((line) => line.includes('keeper-main'))
    .map((line) => Number.parseInt(line, 10));
}

async function untilNothingRuns(folder: string, pids: readonly number[]): Promise<void> {
  await vi.waitFor(
    () => {
      expect(livingOf(pids)).toEqual([]);
      expect(processesIn(folder).filter((line) => !line.includes('stack-program'))).toEqual([]);
    },
    { timeout: 20_000, interval: 50 },
  );
}
