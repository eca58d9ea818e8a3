/** How much memory does a user take that does nothing but wait? */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { loadlineRun, readReport, runCodes } from './contenders.ts';
import { knowsOption, missingRow } from './missing.ts';
import { type Command, checkEnded, cores, residentBytesOf, start } from './processes.ts';
import { startTarget, type Target } from './target.ts';

/** Of the files; other numbers are reached by `--scale`. */
const fileUsers = 10_000;

export async function measureIdleUsers(options: BenchOptions): Promise<Row[]> {
  const rows = await measureOneProcess(options);
  if (options.short) return rows; // The large ones take minutes.
  return [...rows, await measureMany(50_000, 400, options), await measureMany(100_000, 800, options)];
}

async function measureOneProcess(options: BenchOptions): Promise<Row[]> {
  await using target = await startTarget();
  const perUserRow = async (file: string, language: string, kilobytesMax: number): Promise<Row[]> => {
    options.progress(`${language}: 1 user, for what the process itself takes`);
    const alone = await residentBytes({ file, users: 1, target });
    options.progress(`${language}: 10,000 users`);
    const bytes = ((await residentBytes({ file, users: fileUsers, target })) - alone) / (fileUsers - 1);
    return [
      rowOf({ name: `process with 1 idle user, ${language}`, unit: 'MB', value: alone / 1e6 }),
      rowOf(
        { name: `an idle user among 10,000, ${language}`, unit: 'KB', value: bytes / 1024 },
        { target: `at most ${kilobytesMax} KB`, met: bytes <= kilobytesMax * 1024 },
      ),
    ];
  };
  return [
    ...(await perUserRow('idle-users.yaml', 'declarative', 5)),
    ...(await perUserRow('idle-users-awaiting.ts', 'in TypeScript', 7)),
  ];
}

/** No process may hold so many connections: the generator's and the target's are each spread over several. */
async function measureMany(users: number, megabytesMax: number, options: BenchOptions): Promise<Row> {
  const name = `${users.toLocaleString('en')} idle users, all generator processes`;
  const target = `below ${megabytesMax} MB`;
  if (!(await knowsOption('--workers'))) return missingRow(name, 'MB', target);
  await using nginx = await startTarget({ workers: Math.ceil(users / 17_000), core: 'any' });
  options.progress(name);
  const words = ['--workers', 'auto', '--duration', `${35 + users / 1000}s`];
  const bytes = await residentBytes({ file: 'idle-users.yaml', users, target: nginx, words, core: 'any' });
  return rowOf({ name, unit: 'MB', value: bytes / 1e6 }, { target, met: bytes < megabytesMax * 1e6 });
}

interface Crowd {
  readonly file: string;
  readonly users: number;
  readonly target: Target;
  readonly words?: readonly string[];
  readonly core?: Command['core'];
}

/** Of the generator with all its processes, while every user is connected and has thought at least once. */
async function residentBytes({
  file,
  users,
  target,
  words = [],
  core = cores.generator,
}: Crowd): Promise<number> {
  const scale = ['--scale', String(users / fileUsers)];
  const command = { ...loadlineRun(file, ['--target', target.url, ...scale, ...words]), core };
  const before = await target.status();
  await using running = start(command);
  for (let waitedMs = 0; ; waitedMs += 200) {
    const now = await target.status();
    if (now.connections >= users && now.requests - before.requests >= users) break;
    if (running.child.exitCode !== null || waitedMs > 120_000) {
      const { stdout, stderr } =
        running.child.exitCode === null ? { stdout: '', stderr: '' } : await running.ended;
      throw new Error(
        `Only ${now.connections} of ${users} users have connected. ${stderr}${stdout.slice(-1000)}`,
      );
    }
    await sleep(200);
  }
  await sleep(11_000); // Everybody has had a second turn.
  const samples: number[] = [];
  for (let sample = 0; sample < 9; sample++) {
    samples.push(residentBytesOf(running.pid));
    await sleep(500);
  }
  const { stdout } = checkEnded(command, await running.ended, runCodes);
  const { errors } = readReport(stdout).total;
  if (errors > 0) throw new Error(`Cannot measure ${users} users: ${errors} of their requests failed.`);
  return figureOf(samples).median;
}
